// A response as a whole, straight from undici's handler: streams between would cost a call a twentieth more.
import type { Dispatcher } from 'undici';

/** What came back, whatever its status. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** A response under way. */
export interface ResponseUnderWay {
  /** Takes what undici tells. */
  readonly handler: Dispatcher.DispatchHandler;
  /** Rejects with undici's error, or at once with the signal's reason. */
  readonly whole: Promise<UpstreamResponse>;
}

/** Creates what collects one response. When the signal ends, so does the call, sent or not. */
export function collectResponse(signal: AbortSignal | undefined): ResponseUnderWay {
  const { promise: whole, resolve, reject } = Promise.withResolvers<UpstreamResponse>();
  let body: Buffer = Buffer.alloc(0);
  let length = 0;
  let head: Pick<UpstreamResponse, 'status' | 'headers'> = { status: 0, headers: {} };
  let end = (_reason: Error) => {};

  const follow = () => {
    reject(signal?.reason);
    end(signal?.reason);
  };
  const leave = () => signal?.removeEventListener('abort', follow);
  if (signal?.aborted) reject(signal.reason);
  signal?.addEventListener('abort', follow);

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(controller) {
      end = (reason) => controller.abort(reason);
      if (signal?.aborted) follow();
    },
    onResponseStart(_controller, status, headers) {
      head = { status, headers };
    },
    onResponseData(_controller, chunk) {
      body = length === 0 ? chunk : withRoom(body, length, chunk);
      length += chunk.length;
    },
    onResponseEnd() {
      leave();
      resolve({ ...head, body: body.subarray(0, length) });
    },
    onResponseError(_controller, error) {
      leave();
      reject(error);
    },
  };
  return { handler, whole };
}

/**
 * The buffer, or a larger one, with a chunk behind what it holds. A list of chunks would not do: each keeps alive all
 * that was read with it, so that 8 MB in chunks of one byte took 1.2 GB.
 */
function withRoom(held: Buffer, length: number, chunk: Buffer): Buffer {
  const needed = length + chunk.length;
  const into = needed <= held.length ? held : Buffer.allocUnsafe(2 * needed);
  if (into !== held) held.copy(into, 0, 0, length);
  chunk.copy(into, length);
  return into;
}
