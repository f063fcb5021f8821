/** Image references by the rules of Docker 1.13 (docker/distribution reference, as VIC vendors it). */

export interface ImageReference {
  /** Registry host, undefined for Docker Hub. */
  readonly host: string | undefined;
  /** Repository as the registry knows it, with `library/` where that is implied. */
  readonly repository: string;
  /** Repository as it was written, with the host and without `library/`. */
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

export type ParsedReference = { readonly ok: true; readonly reference: ImageReference } | { readonly ok: false; readonly why: string };

const TAG = /^\w[\w.-]{0,127}$/;
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;

export function isTag(text: string): boolean {
  return TAG.test(text);
}

export function parseReference(text: string): ParsedReference {
  const refuse = (why: string): ParsedReference => ({
    ok: false,
    why: `Error parsing reference: ${JSON.stringify(text)} is not a valid repository/tag: ${why}`,
  });
  const [beforeDigest = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest))) return refuse('invalid reference format');
  const colon = beforeDigest.lastIndexOf(':');
  const tagged = colon > beforeDigest.lastIndexOf('/');
  const tag = tagged ? beforeDigest.slice(colon + 1) : undefined;
  const full = tagged ? beforeDigest.slice(0, colon) : beforeDigest;
  if (tag !== undefined && !isTag(tag)) return refuse('invalid reference format');
  const [first = '', ...rest] = full.split('/');
  const hosted = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost');
  const hub = hosted && (first === 'docker.io' || first === 'index.docker.io');
  const path = hosted ? rest.join('/') : full;
  if (path !== path.toLowerCase()) return refuse('repository name must be lowercase');
  if (path === '' || !path.split('/').every((part) => COMPONENT.test(part))) return refuse('invalid reference format');
  const host = hosted && !hub ? first : undefined;
  const short = hub ? path.replace(/^library\//, '') : path;
  const repository = host === undefined && !path.includes('/') ? `library/${path}` : path;
  return { ok: true, reference: { host, repository, name: host === undefined ? short.replace(/^library\//, '') : `${host}/${short}`, tag, digest } };
}
