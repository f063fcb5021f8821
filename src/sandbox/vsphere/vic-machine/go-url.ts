import { quote } from './go-text.ts';

export interface GoUrl {
  readonly kind: 'url';
  readonly scheme: string;
  readonly user?: string;
  readonly password?: string;
  /** Host and port as written. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
  /** What follows `scheme:` when no slash does. */
  readonly opaque: string;
}

export type GoUrlResult = GoUrl | { readonly kind: 'error'; readonly message: string };

/** Parses as Go's net/url does, with its words for what is wrong. Never throws. */
export function parseUrl(raw: string): GoUrlResult {
  const fail = (message: string): GoUrlResult => ({ kind: 'error', message: `parse ${quote(raw)}: ${message}` });
  if (/[\u0000-\u001f\u007f]/.test(raw)) return fail('net/url: invalid control character in URL');
  const [beforeFragment] = splitOnce(raw, '#');
  const schemeMatch = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(beforeFragment);
  if (beforeFragment.startsWith(':')) return fail('missing protocol scheme');
  const scheme = (schemeMatch?.[1] ?? '').toLowerCase();
  const afterScheme = schemeMatch === null ? beforeFragment : beforeFragment.slice(schemeMatch[0].length);
  const [rest, query = ''] = splitOnce(afterScheme, '?');
  const empty = { kind: 'url', scheme, host: '', path: '', query, opaque: '' } as const;
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...empty, opaque: rest };
    if ((rest.split('/')[0] ?? '').includes(':')) return fail('first path segment in URL cannot contain colon');
  }
  let path = rest;
  let authority = '';
  if (rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))) {
    const slash = rest.indexOf('/', 2);
    authority = slash === -1 ? rest.slice(2) : rest.slice(2, slash);
    path = slash === -1 ? '' : rest.slice(slash);
  }
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  const problem = hostProblem(host);
  if (problem !== undefined) return fail(problem);
  const userInfo = at === -1 ? undefined : authority.slice(0, at);
  if (userInfo !== undefined && !/^[\w.:~!$&'()*+,;=%@-]*$/.test(userInfo)) return fail('net/url: invalid userinfo');
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(`${userInfo ?? ''}${path}`);
  if (badEscape !== null) return fail(`invalid URL escape ${quote(badEscape[0])}`);
  if (userInfo === undefined) return { ...empty, host, path: unescape(path) };
  const [user, password] = splitOnce(userInfo, ':');
  return { ...empty, host, path: unescape(path), user: unescape(user), ...(password === undefined ? {} : { password: unescape(password) }) };
}

/** Host without port, and the port or an empty text; brackets of IPv6 removed. */
export function splitHost(host: string): { readonly name: string; readonly port: string } {
  const bracket = /^\[([^\]]*)\](?::(\d*))?$/.exec(host);
  if (bracket !== null) return { name: bracket[1] ?? '', port: bracket[2] ?? '' };
  const colon = host.lastIndexOf(':');
  return colon === -1 ? { name: host, port: '' } : { name: host.slice(0, colon), port: host.slice(colon + 1) };
}

function hostProblem(host: string): string | undefined {
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']');
    if (close === -1) return "missing ']' in host";
    const after = host.slice(close + 1);
    return /^(?::\d*)?$/.test(after) ? undefined : `invalid port ${quote(after)} after host`;
  }
  const colon = host.lastIndexOf(':');
  if (colon !== -1 && !/^:\d*$/.test(host.slice(colon))) return `invalid port ${quote(host.slice(colon))} after host`;
  const escape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(host);
  if (escape !== null) return `invalid URL escape ${quote(escape[0])}`;
  const odd = /[\u0000-\u007f]/g[Symbol.match](host.replace(/[\w.~!$&'()*+,;=:[\]<>"%-]/g, ''))?.[0];
  return odd === undefined ? undefined : `invalid character ${quote(odd)} in host name`;
}

function splitOnce(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)];
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
