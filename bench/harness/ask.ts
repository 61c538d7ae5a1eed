// One request, whole: for readiness, and to see what is measured before it is measured.
import { Agent, request } from 'undici';

/** A reply. */
export interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Asks on a connection of its own. Rejects if there is no whole reply. */
async function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Asked> {
  const dispatcher = new Agent({ connections: 1 });
  try {
    const response = await request(url, { headers, dispatcher });
    const body = Buffer.from(await response.body.arrayBuffer());
    return { status: response.statusCode, headers: response.headers, body };
  } finally {
    await dispatcher.close();
  }
}

/** Asks, and rejects unless the status is 200. */
export async function askOk(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Asked> {
  const asked = await ask(url, headers);
  if (asked.status !== 200) throw new Error(`${url}: ${asked.status} ${asked.body}`);
  return asked;
}
