/** The words Go has for a connection that cannot be made; `place` is where it was tried. */
export function dialReason(error: unknown, place: { readonly host: string; readonly port: number }): string {
  const { code, message } = firstOf(error);
  const where = `${place.host}:${String(place.port)}`;
  if (code === 'ECONNREFUSED') return `dial tcp ${where}: connect: connection refused`;
  if (code === 'EHOSTUNREACH') return `dial tcp ${where}: connect: no route to host`;
  if (code === 'ENETUNREACH') return `dial tcp ${where}: connect: network is unreachable`;
  if (code === 'ETIMEDOUT') return `dial tcp ${where}: i/o timeout`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${place.host}: no such host`;
  if (code === 'ECONNRESET') return `read tcp ${where}: read: connection reset by peer`;
  if (code === 'EPROTO' || message.includes('wrong version number')) return 'tls: first record does not look like a TLS handshake';
  return message;
}

/** The words Go's crypto/x509 has for a certificate that Node refuses with `code`. */
export function certificateReason(code: string, host: string): string {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return 'x509: certificate has expired or is not yet valid';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `x509: certificate is not valid for ${host}`;
  return 'x509: certificate signed by unknown authority';
}

function firstOf(error: unknown): { readonly code: string; readonly message: string } {
  const errors = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const first = errors[0] as { code?: unknown; message?: unknown } | undefined;
  return { code: typeof first?.code === 'string' ? first.code : '', message: typeof first?.message === 'string' ? first.message : 'EOF' };
}
