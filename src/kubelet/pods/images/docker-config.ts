/**
 * Registry credentials as Docker's configuration files hold them (pkg/credentialprovider/config.go): the `auth` field
 * overrules `username` and `password`. Everything secret in them is registered for redaction as soon as it is read.
 */
import { registerSecret } from '../../../errors/redact.ts';

export interface RegistryLogin {
  /** As written: a host, a host with a path, or a URL; `*` stands for any part of a host label. */
  readonly location: string;
  readonly username: string;
  readonly password: string;
  readonly identityToken?: string;
}

/** Entries of a `.dockerconfigjson` (`auths` within) or a `.dockercfg`. Throws, without quoting it, for what is neither. */
export function parseDockerConfig(text: string, format: 'dockerconfigjson' | 'dockercfg'): readonly RegistryLogin[] {
  const document = objectOf(json(text));
  if (document === undefined) throw new Error('is not a JSON object');
  const auths = format === 'dockercfg' ? document : objectOf(document['auths'] ?? {});
  if (auths === undefined) throw new Error('has auths that are not an object');
  return Object.entries(auths).map(([location, value]) => login(location, value));
}

function login(location: string, value: unknown): RegistryLogin {
  const entry = objectOf(value);
  if (entry === undefined) throw new Error(`has an entry for ${location} that is not an object`);
  const given = { username: textOf(entry['username']), password: textOf(entry['password']) };
  const auth = textOf(entry['auth']).trim();
  registerSecret(auth);
  const { username, password } = auth === '' ? given : decodeAuth(location, auth);
  registerSecret(password);
  const identityToken = textOf(entry['identitytoken']);
  registerSecret(identityToken);
  return { location, username, password, ...(identityToken === '' ? {} : { identityToken }) };
}

/** base64 of `user:password`, with or without padding; the password may contain colons. */
function decodeAuth(location: string, auth: string): { readonly username: string; readonly password: string } {
  const malformed = new Error(`has an auth for ${location} that is not base64 of user:password`);
  if (!/^[A-Za-z0-9+/\s]*={0,2}$/.test(auth)) throw malformed;
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) throw malformed;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message quotes the text.
    throw new Error('is not JSON');
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
