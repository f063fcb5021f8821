import { delimiter, dirname, join, resolve } from 'node:path';
import { registerSecret } from '../../errors/redact.ts';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import { examineEntries, type EntryFinding } from './kubeconfig-entries.ts';
import { decodeKubeconfigFile, invalid, mergeKubeconfigFiles, type KubeconfigFile, type NamedEntry } from './kubeconfig-file.ts';

/** Where a kubeconfig comes from: `--kubeconfig`, else $KUBECONFIG (a list), else ~/.kube/config, as kubectl has it. */
export interface KubeconfigSource {
  readonly explicitPath?: string;
  readonly context?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly cwd: string;
  readonly fs: FileSystem;
}

/** One context of a kubeconfig with everything it refers to read in: no file paths are left. */
export interface Kubeconfig {
  /** The file (or files, joined by the path delimiter) it was read from. */
  readonly path: string;
  readonly contextName: string;
  readonly namespace: string | undefined;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
}

interface KubeconfigCluster {
  readonly name: string;
  readonly server: string;
  readonly caPem: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName: string | undefined;
  readonly proxyUrl: string | undefined;
}

export interface KubeconfigUser {
  readonly name: string;
  /** How it authenticates. `exec` and `auth-provider` need programs of this machine and cannot be embedded. */
  readonly kind: 'certificate' | 'token' | 'basic' | 'exec' | 'auth-provider' | 'anonymous';
  readonly certificatePem: string | undefined;
  readonly keyPem: string | undefined;
  readonly token: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** What the file of the token (`tokenFile`) holds now. */
  readonly readToken?: () => Promise<string | undefined>;
  /** The user entry as written, for exec plug-ins and OIDC, which client-node runs. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Reads and resolves a kubeconfig. KUBECONFIG_NOT_FOUND: no file. KUBECONFIG_INVALID: says which entry is wrong and why. */
export async function readKubeconfig(source: KubeconfigSource): Promise<Kubeconfig> {
  const { paths, files } = await readFiles(source);
  return resolveContext(mergeKubeconfigFiles(files), source.context, paths.join(delimiter), source.fs);
}

/** What the files say of themselves beyond the chosen context. Fails as readKubeconfig does. */
export async function examineKubeconfig(source: KubeconfigSource): Promise<readonly EntryFinding[]> {
  return examineEntries((await readFiles(source)).files);
}

/** As readKubeconfig, from a text in hand; `label` stands for the path in messages. */
export async function parseKubeconfig(text: string, label: string, fs: FileSystem): Promise<Kubeconfig> {
  return resolveContext(decodeKubeconfigFile(text, label), undefined, label, fs);
}

async function resolveContext(merged: KubeconfigFile, wanted: string | undefined, path: string, fs: FileSystem): Promise<Kubeconfig> {
  const context = pickContext(merged, wanted, path);
  const cluster = referred(merged.clusters, context, 'cluster', path);
  const user = context.body['user'] === undefined || context.body['user'] === '' ? undefined : referred(merged.users, context, 'user', path);
  const namespace = context.body['namespace'];
  return {
    path,
    contextName: context.name,
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : undefined,
    cluster: await resolveCluster(cluster, fs),
    user: await resolveUser(user, fs),
  };
}

async function readFiles(source: KubeconfigSource): Promise<{ paths: readonly string[]; files: readonly KubeconfigFile[] }> {
  const fromEnv = (source.env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  const explicit = source.explicitPath !== undefined || fromEnv.length > 0;
  const candidates = source.explicitPath !== undefined ? [source.explicitPath] : explicit ? fromEnv : [join(source.homeDirectory, '.kube', 'config')];
  const paths: string[] = [];
  const files: KubeconfigFile[] = [];
  for (const candidate of candidates) {
    const path = resolve(source.cwd, candidate);
    const text = await readOne(path, source.fs);
    if (text === undefined) continue;
    paths.push(path);
    files.push(decodeKubeconfigFile(text, path));
  }
  if (files.length === 0) {
    throw new VickError('KUBECONFIG_NOT_FOUND', `there is no kubeconfig at ${candidates.map((path) => resolve(source.cwd, path)).join(', ')}`, {
      hint: explicit ? 'Check the path in --kubeconfig or $KUBECONFIG.' : 'Name one with --kubeconfig FILE or $KUBECONFIG.',
    });
  }
  return { paths, files };
}

async function readOne(path: string, fs: FileSystem): Promise<string | undefined> {
  try {
    return await fs.readTextIfExists(path);
  } catch (error) {
    throw new VickError('KUBECONFIG_NOT_FOUND', `kubeconfig ${path} cannot be read: ${messageOf(error)}`, {
      hint: `Check its permissions with: ls -l ${path}`,
      cause: error,
    });
  }
}

function pickContext(file: KubeconfigFile, wanted: string | undefined, path: string): NamedEntry {
  const name = wanted ?? file.currentContext;
  const known = file.contexts.map((context) => context.name);
  const choices = known.length === 0 ? 'it has no contexts' : `it has: ${known.join(', ')}`;
  if (name === undefined) {
    throw new VickError('KUBECONFIG_INVALID', `kubeconfig ${path} has no current context (${choices})`, { hint: 'Name one with --context NAME.' });
  }
  const found = file.contexts.find((context) => context.name === name);
  if (found === undefined) {
    throw new VickError('KUBECONFIG_INVALID', `kubeconfig ${path} has no context "${name}" (${choices})`, { hint: 'Name another with --context NAME.' });
  }
  return found;
}

function referred(list: readonly NamedEntry[], context: NamedEntry, key: 'cluster' | 'user', path: string): NamedEntry {
  const name = context.body[key];
  if (typeof name !== 'string' || name === '') throw invalid(path, `context "${context.name}" names no ${key}`);
  const found = list.find((entry) => entry.name === name);
  if (found === undefined) throw invalid(path, `context "${context.name}" names ${key} "${name}", which is not in it`);
  return found;
}

async function resolveCluster(entry: NamedEntry, fs: FileSystem): Promise<KubeconfigCluster> {
  const server = text(entry, 'server');
  if (server === undefined) throw invalid(entry.file, `cluster "${entry.name}" has no server`);
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol) || url.hostname === '') {
    throw invalid(entry.file, `cluster "${entry.name}" has the server ${JSON.stringify(server)}, which is not an https URL`);
  }
  const caPem = await pem(entry, 'certificate-authority', 'CERTIFICATE', fs);
  return {
    name: entry.name,
    server: server.replace(/\/+$/, ''),
    caPem,
    insecureSkipTlsVerify: entry.body['insecure-skip-tls-verify'] === true,
    tlsServerName: text(entry, 'tls-server-name'),
    proxyUrl: text(entry, 'proxy-url'),
  };
}

async function resolveUser(entry: NamedEntry | undefined, fs: FileSystem): Promise<KubeconfigUser> {
  if (entry === undefined) {
    return { name: '', kind: 'anonymous', certificatePem: undefined, keyPem: undefined, token: undefined, username: undefined, password: undefined, raw: {} };
  }
  const certificatePem = await pem(entry, 'client-certificate', 'CERTIFICATE', fs);
  const keyPem = await pem(entry, 'client-key', 'KEY', fs);
  if ((certificatePem === undefined) !== (keyPem === undefined)) {
    throw invalid(
      entry.file,
      `user "${entry.name}" has a client ${certificatePem === undefined ? 'key without its certificate' : 'certificate without its key'}`,
    );
  }
  const tokenFile = text(entry, 'tokenFile');
  const token = text(entry, 'token') ?? (tokenFile === undefined ? undefined : (await readReferred(entry, tokenFile, 'tokenFile', fs)).trim());
  const username = text(entry, 'username');
  const password = text(entry, 'password');
  for (const secret of [token, password, keyPem]) registerSecret(secret);
  const kind =
    entry.body['exec'] !== undefined
      ? 'exec'
      : entry.body['auth-provider'] !== undefined
        ? 'auth-provider'
        : certificatePem !== undefined
          ? 'certificate'
          : token !== undefined
            ? 'token'
            : username !== undefined
              ? 'basic'
              : 'anonymous';
  const readToken = tokenFile === undefined || text(entry, 'token') !== undefined ? {} : { readToken: () => currentToken(entry, tokenFile, fs) };
  return { name: entry.name, kind, certificatePem, keyPem, token, username, password, ...readToken, raw: entry.body };
}

/** Tokens of service accounts are written anew before they expire. Undefined while the file cannot be read. */
async function currentToken(entry: NamedEntry, tokenFile: string, fs: FileSystem): Promise<string | undefined> {
  const token = (await fs.readTextIfExists(resolve(dirname(entry.file), tokenFile)).catch(() => undefined))?.trim();
  registerSecret(token);
  return token === '' ? undefined : token;
}

/** `KEY-data` (base64) or the file `KEY` names, checked to be PEM of the right kind. */
async function pem(entry: NamedEntry, key: string, label: 'CERTIFICATE' | 'KEY', fs: FileSystem): Promise<string | undefined> {
  const inline = text(entry, `${key}-data`);
  const file = text(entry, key);
  const content =
    inline !== undefined ? Buffer.from(inline, 'base64').toString('utf8') : file === undefined ? undefined : await readReferred(entry, file, key, fs);
  if (content === undefined) return undefined;
  if (!new RegExp(`-----BEGIN [A-Z ]*${label}-----`).test(content)) {
    throw invalid(entry.file, `${key}${inline === undefined ? ` (${file ?? ''})` : '-data'} of "${entry.name}" is not a PEM ${label.toLowerCase()}`);
  }
  return content;
}

async function readReferred(entry: NamedEntry, file: string, key: string, fs: FileSystem): Promise<string> {
  const path = resolve(dirname(entry.file), file);
  try {
    return await fs.readText(path);
  } catch (error) {
    throw invalid(entry.file, `${key} of "${entry.name}" names ${path}, which cannot be read: ${messageOf(error)}`, error);
  }
}

function text(entry: NamedEntry, key: string): string | undefined {
  const value = entry.body[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
