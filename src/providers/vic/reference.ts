/** An image name as Docker reads it (distribution/reference). */
export interface ImageReference {
  /** With host, without tag and digest: `registry.example:5000/team/app`. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:…` */
  readonly digest: string | undefined;
}

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const HOST = '(?:localhost|[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:[0-9])|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?';
const SYNTAX = new RegExp(`^((?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`);

/** Undefined: not a well-formed reference. */
export function parseReference(text: string): ImageReference | undefined {
  const match = SYNTAX.exec(text);
  if (match === null) return undefined;
  const [, repository = '', tag, digest] = match;
  return repository.length > 255 ? undefined : { repository, tag, digest };
}

/** `docker.io/library/busybox` and `busybox` are one repository: the short form. */
export function familiarRepository(repository: string): string {
  const hub = repository.replace(/^(?:index\.)?docker\.io\//, '');
  return hub.replace(/^library\/([^/]+)$/, '$1');
}
