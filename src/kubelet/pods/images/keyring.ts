/** Which logins fit an image (pkg/credentialprovider/keyring.go and kubernetes.io/docs/concepts/containers/images). */
import { parseReference, splitRepository } from '../../../platform/image-reference.ts';
import type { PullCredentials } from '../../capabilities.ts';
import type { RegistryLogin } from './docker-config.ts';

interface Place {
  readonly labels: readonly string[];
  readonly port: string;
  readonly path: string;
}

const HUB = 'docker.io';
/** What `docker login` writes for Docker Hub comes down to this. */
const HUB_KEY = 'index.docker.io';
/** How a login to Docker Hub is addressed on the wire. */
const HUB_SERVER = 'https://index.docker.io/v1/';

/**
 * All logins that fit, in the order in which they are to be tried: names before globs and longer paths before shorter
 * ones of the same host, then as given. Empty: the image is pulled without credentials.
 */
export function credentialsFor(image: string, logins: readonly RegistryLogin[]): readonly PullCredentials[] {
  const reference = parseReference(image);
  if (reference === undefined) return [];
  const { registry, path } = splitRepository(reference.repository);
  const server = registry === HUB ? HUB_SERVER : registry;
  const keyed = logins.flatMap((login) => {
    const key = keyOf(login.location);
    return key === undefined ? [] : [{ key, login }];
  });
  // A stable sort: logins of the same place stay in the order of the secrets.
  keyed.sort((a, b) => (a.key === b.key ? 0 : a.key < b.key ? 1 : -1));
  const target = placeOf(`${registry}/${path}`);
  const fitting = keyed.filter(({ key }) => fits(placeOf(key), target));
  const chosen = fitting.length > 0 || registry !== HUB ? fitting : keyed.filter(({ key }) => key === HUB_KEY);
  return chosen.map(({ login: { username, password, identityToken } }) => ({
    server,
    username,
    password,
    ...(identityToken === undefined ? {} : { identityToken }),
  }));
}

/** `host[:port][/path]` without scheme and API version; undefined for what is no place at all. */
function keyOf(location: string): string | undefined {
  const bare = location.replace(/^https?:\/\//, '');
  const slash = bare.indexOf('/');
  const host = slash < 0 ? bare : bare.slice(0, slash);
  if (host === '' || /[\s@]/.test(host)) return undefined;
  const path = (slash < 0 ? '' : bare.slice(slash)).replace(/[?#].*$/s, '').replace(/^\/v[12]\//, '/');
  return path === '/' ? host : host + path;
}

function placeOf(key: string): Place {
  const slash = key.indexOf('/');
  const authority = slash < 0 ? key : key.slice(0, slash);
  const port = /:(\d*)$/.exec(authority);
  const host = port === null ? authority : authority.slice(0, port.index);
  return { labels: host.split('.'), port: port?.[1] ?? '', path: slash < 0 ? '' : key.slice(slash) };
}

function fits(pattern: Place, target: Place): boolean {
  if (pattern.port !== target.port || pattern.labels.length !== target.labels.length || !target.path.startsWith(pattern.path)) return false;
  return pattern.labels.every((label, index) => glob(label, target.labels[index] ?? ''));
}

/** `*` and `?` within one label. */
function glob(pattern: string, text: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === text;
  // Greedy with one point to return to, so that no pattern takes more than the product of both lengths.
  let p = 0;
  let star = -1;
  let resume = 0;
  for (let t = 0; t < text.length;) {
    if (pattern[p] === '*') {
      star = p;
      resume = t;
      p += 1;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      resume += 1;
      t = resume;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(p));
}
