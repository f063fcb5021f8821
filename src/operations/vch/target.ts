import { VickError } from '../../errors/vick-error.ts';
import { registerSecret } from '../../errors/redact.ts';
import type { VicTarget } from '../../clients/vic-machine/port.ts';

export interface TargetInput {
  readonly target: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly thumbprint?: string | undefined;
}

/**
 * `[scheme://][user[:password]@]host[:port][/datacenter]` taken apart, so that no password reaches a command line. The
 * flags win over what the target holds, as in vic-machine. USAGE for a target that vic-machine would not take.
 */
export function readTarget(input: TargetInput): VicTarget {
  const found = /^([a-z][a-z0-9+.-]*:\/\/)?(?:(.*)@)?([^@]*)$/is.exec(input.target.trim());
  const [scheme = '', userInfo, place = ''] = [found?.[1], found?.[2], found?.[3]];
  const [embeddedUser, embeddedPassword] = splitUserInfo(userInfo);
  registerSecret(embeddedPassword);
  registerSecret(input.password);
  const [host = '', ...path] = place.replace(/\/+$/, '').split('/');
  if (host === '' || /\s/.test(host)) throw new VickError('USAGE', `--target ${JSON.stringify(input.target)} names no host`, { hint: FORM });
  if (path.length > 1) {
    throw new VickError('USAGE', `--target ${JSON.stringify(place)} goes deeper than a datacenter`, {
      hint: `${FORM} A cluster is named with --compute-resource.`,
    });
  }
  return {
    target: `${scheme}${[host, ...path].join('/')}`,
    user: input.user ?? embeddedUser,
    password: input.password ?? embeddedPassword,
    thumbprint: input.thumbprint === undefined ? undefined : readThumbprint(input.thumbprint),
  };
}

const FORM = 'Write it as [scheme://]host[:port][/datacenter].';

/** SHA-1 in upper-case hex pairs with colons, the only spelling vic-machine compares equal. */
export function readThumbprint(text: string): string {
  const hex = text
    .replace(/^sha1[:=]?/i, '')
    .replaceAll(/[:\s-]/g, '')
    .toUpperCase();
  if (!/^[0-9A-F]{40}$/.test(hex)) {
    throw new VickError('USAGE', `--thumbprint ${JSON.stringify(text)} is not a SHA-1 thumbprint`, { hint: 'It has 20 hex pairs: AA:BB:CC:…' });
  }
  return (hex.match(/../g) ?? []).join(':');
}

/** Where a target listens; undefined for one without TLS. */
export function targetPlace(target: string): { readonly host: string; readonly port: number } | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(target)?.[1]?.toLowerCase() ?? 'https';
  if (scheme !== 'https') return undefined;
  const place = target.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').split('/')[0] ?? '';
  const port = Number(/:(\d+)$/.exec(place)?.[1] ?? 443);
  const host = targetHost(target);
  return host === '' || port < 1 || port > 65_535 ? undefined : { host, port };
}

/** Host of a target without port and datacenter, brackets of an IPv6 address removed. */
export function targetHost(target: string): string {
  const place = target.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').split('/')[0] ?? '';
  return /^\[([^\]]*)\]/.exec(place)?.[1] ?? place.replace(/:\d+$/, '');
}

function splitUserInfo(userInfo: string | undefined): readonly [string | undefined, string | undefined] {
  if (userInfo === undefined) return [undefined, undefined];
  const colon = userInfo.indexOf(':');
  return colon < 0 ? [decode(userInfo), undefined] : [decode(userInfo.slice(0, colon)), decode(userInfo.slice(colon + 1))];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
