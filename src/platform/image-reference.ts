/** An image name as Docker reads it (github.com/distribution/reference, regexp.go). */
export interface ImageReference {
  /** With host, without tag and digest: `registry.example:5000/team/app`. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:…` */
  readonly digest: string | undefined;
}

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
/** A first part counts as a host when it has a dot, a port or a capital letter, or is `localhost`. */
const HOST = `(?:localhost|${LABEL}(?:\\.${LABEL})+|${LABEL}(?=:[0-9])|(?=[A-Za-z0-9-]*[A-Z])${LABEL}|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?`;
const SYNTAX = new RegExp(
  `^((?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$`,
);
/** What names a registry rather than the first part of a path (splitDockerDomain in normalize.go). */
const REGISTRY = new RegExp(`^${HOST}$`);
const NAME_LIMIT = 255;
/** A name that is 64 hexadecimal digits is an id, never a repository (anchoredIdentifierRegexp). */
const IDENTIFIER = /^[0-9a-f]{64}$/;

/** Repository, tag and the longest digest with their separators. */
const TEXT_LIMIT = NAME_LIMIT + 129 + 136;

/** Undefined: not a well-formed reference. */
export function parseReference(text: string): ImageReference | undefined {
  if (text.length > TEXT_LIMIT) return undefined;
  const match = SYNTAX.exec(text);
  if (match === null || IDENTIFIER.test(text)) return undefined;
  const [, repository = '', tag, digest] = match;
  return repository.length > NAME_LIMIT ? undefined : { repository, tag, digest };
}

/** `docker.io/library/busybox` and `busybox` are one repository: the short form. */
export function familiarRepository(repository: string): string {
  const hub = repository.replace(/^(?:index\.)?docker\.io\//, '');
  return hub.replace(/^library\/([^/]+)$/, '$1');
}

/** Registry host (with its port) and path; names without a host are Docker Hub's: `docker.io`, `library/busybox`. */
export function splitRepository(repository: string): { readonly registry: string; readonly path: string } {
  const slash = repository.indexOf('/');
  const first = slash < 0 ? '' : repository.slice(0, slash);
  const [registry, rest] = REGISTRY.test(first) ? [first, repository.slice(slash + 1)] : ['docker.io', repository];
  if (registry !== 'docker.io' && registry !== 'index.docker.io') return { registry, path: rest };
  return { registry: 'docker.io', path: rest.includes('/') ? rest : `library/${rest}` };
}

/** The policy that the API server gives a container without one (pkg/apis/core/v1/defaults.go, SetDefaults_Container). */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const reference = parseReference(image);
  if (reference === undefined || reference.digest !== undefined) return 'IfNotPresent';
  return (reference.tag ?? 'latest') === 'latest' ? 'Always' : 'IfNotPresent';
}
