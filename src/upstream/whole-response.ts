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
  const chunks: Buffer[] = [];
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
      chunks.push(chunk);
    },
    onResponseEnd() {
      leave();
      const [first] = chunks;
      const body = first && chunks.length === 1 ? first : Buffer.concat(chunks);
      resolve({ ...head, body });
    },
    onResponseError(_controller, error) {
      leave();
      reject(error);
    },
  };
  return { handler, whole };
}
