/** API versions in paths: what is too old, and who is answered in plain text. */
import { DockerError } from './errors.ts';

const OLDEST = '1.19';
const NEWEST_WITH_TEXT_ERRORS = '1.23';

/** A path with the version taken off. Newer versions than there are, are taken for the newest. */
export function splitVersion(pathname: string): { readonly version: string | undefined; readonly path: string } {
  const found = /^\/v(\d+\.\d+)(\/.*)$/.exec(pathname);
  return { version: found?.[1], path: decoded(found?.[2] ?? pathname) };
}

/** Throws 400 for clients that are too old. */
export function checkVersion(version: string | undefined): void {
  if (!isTooOld(version)) return;
  throw new DockerError(
    400,
    `client version ${version ?? ''} is too old. Minimum supported API version is ${OLDEST}, please upgrade your client to a newer version`,
  );
}

export function isTooOld(version: string | undefined): boolean {
  return version !== undefined && compareVersions(version, OLDEST) < 0;
}

export function hasTextErrors(version: string | undefined): boolean {
  return version !== undefined && compareVersions(version, NEWEST_WITH_TEXT_ERRORS) <= 0;
}

function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA === majorB ? minorA - minorB : majorA - majorB;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
