/** The version of a vic-machine binary or of a VCH: `VERSION-BUILD-COMMIT`, where VERSION itself may hold dashes. */
export interface Build {
  readonly version: string;
  readonly number: number;
  readonly commit: string;
}

/** The last build of feature/wolfpack, the only line with the Kubernetes flags. */
export const WOLFPACK: Build = { version: 'v1.5.0-dev', number: 19900, commit: 'c7d40ac8' };

/** A released 1.5.x, without the Kubernetes flags. */
export const RELEASED: Build = { version: 'v1.5.6', number: 21000, commit: '2be3feb' };

/** Reads `VERSION-BUILD-COMMIT` from the right; undefined when it has no such form. */
export function parseBuild(text: string): Build | undefined {
  const match = /^(.+)-(\d+)-([^-]+)$/.exec(text);
  if (match === null) return undefined;
  return { version: match[1] ?? '', number: Number(match[2]), commit: match[3] ?? '' };
}

export function formatBuild(build: Build): string {
  return `${build.version}-${String(build.number)}-${build.commit}`;
}

/** The comparison of create and upgrade ignores the commit. */
export function withoutCommit(text: string): string {
  const dash = text.lastIndexOf('-');
  return dash === -1 ? '' : text.slice(0, dash);
}

/** Whether this binary is of the released line: other flags, other wording. */
export function isReleased(build: Build): boolean {
  return !build.version.endsWith('-dev');
}
