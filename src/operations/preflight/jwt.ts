/** Times in a JSON Web Token (RFC 7519, section 4.1), in milliseconds. */
interface TokenClaims {
  readonly expiresAt: number | undefined;
  readonly notBefore: number | undefined;
}

/** Undefined for a token that is no JWT. The signature is the server's business. */
export function readTokenClaims(token: string): TokenClaims | undefined {
  const parts = token.trim().split('.');
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null) return undefined;
    const { exp, nbf } = claims as { readonly exp?: unknown; readonly nbf?: unknown };
    return { expiresAt: timeOf(exp), notBefore: timeOf(nbf) };
  } catch {
    return undefined;
  }
}

/** What a Date cannot hold counts as never. */
function timeOf(seconds: unknown): number | undefined {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return undefined;
  const time = seconds * 1000;
  return Math.abs(time) > 8.64e15 || Number.isNaN(new Date(time).getTime()) ? undefined : time;
}
