// The shapes in which the vendor and its gateway answer.
import type { ServerResponse } from 'node:http';

/** A whole reply. `content-length` is added when it is sent. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
};

/** A JSON reply. */
export function jsonReply(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** A reply without body and content type. */
export function emptyReply(status: number): Reply {
  return { status, headers: {}, body: Buffer.alloc(0) };
}

/** A refusal or failure of the API itself: `{status,title,detail}`. */
export function problemReply(
  status: number,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return jsonReply(status, { status, title: TITLES[status] ?? 'Error', detail }, headers);
}

/** A fault of the gateway before the API. */
export function gatewayFault(
  status: number,
  fault: { readonly text: string; readonly code: string },
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const body = { fault: { faultstring: fault.text, detail: { errorcode: fault.code } } };
  return jsonReply(status, body, headers);
}

/** Writes the head, with the length of the body. */
export function sendHead(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { ...reply.headers, 'content-length': reply.body.length });
}

/** Writes the whole reply. */
export function send(response: ServerResponse, reply: Reply): void {
  sendHead(response, reply);
  response.end(reply.body);
}
