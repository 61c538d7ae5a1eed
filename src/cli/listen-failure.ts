// Why a server cannot listen, in words for those who run it.

/** A sentence with the place and the mend. Throws the error again if it is not about listening. */
export function describeListenFailure(error: unknown): string {
  const { code, address, port } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (code === 'EADDRINUSE')
    return `${address}:${port} is in use; set PORT or OPS_PORT to another.`;
  if (code === 'EACCES') return `${address}:${port} is not allowed for this user.`;
  if (code === undefined) throw error;
  return `${code}; check HOST, PORT, OPS_HOST and OPS_PORT.`;
}
