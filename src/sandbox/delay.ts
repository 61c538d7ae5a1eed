// A wait that ends with the connection.
import type { ServerResponse } from 'node:http';

/** Acts after so many milliseconds (at once for 0), unless the response is closed before. */
export function afterDelay(response: ServerResponse, delayMs: number, act: () => void): void {
  if (delayMs === 0) {
    act();
    return;
  }
  const cancel = (): void => clearTimeout(timer);
  const timer = setTimeout(() => {
    response.off('close', cancel);
    act();
  }, delayMs);
  response.once('close', cancel);
}
