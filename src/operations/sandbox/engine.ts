/** The container engine of a sandbox: how it is named, where it is written down, and how it is cleared. */
import { join } from 'node:path';
import { isVickError, VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { SandboxAccess, SandboxEngine } from './port.ts';

const SOCKET = 'unix:///var/run/docker.sock';
const TLS_PORT = 2376;
const HTTP_PORT = 2375;

/**
 * What `--engine` names: `process` (undefined), `docker` (as docker's own client finds it: DOCKER_HOST, or the usual
 * socket), or an address. TLS as docker's client has it: DOCKER_TLS_VERIFY or port 2376, files in DOCKER_CERT_PATH.
 * CONFIG_INVALID for anything else.
 */
export function sandboxEngine(wanted: string | undefined, env: Readonly<Record<string, string | undefined>>, homeDirectory: string): SandboxEngine | undefined {
  if (wanted === undefined || wanted === '' || wanted === 'process') return undefined;
  const [address, source] = wanted === 'docker' ? [nonEmpty(env['DOCKER_HOST']) ?? SOCKET, 'DOCKER_HOST'] : [wanted, '--engine'];
  if (address.startsWith('unix:///')) return { address, endpoint: { socketPath: address.slice('unix://'.length) } };
  const found = /^(?:tcp|https?):\/\/(\[[0-9a-fA-F:.]+\]|[^/:@[\]]+)(?::(\d{1,5}))?\/?$/.exec(address);
  if (found === null) throw invalid(source, address);
  const verify = nonEmpty(env['DOCKER_TLS_VERIFY']) !== undefined || address.startsWith('https:');
  const port = Number(found[2] ?? (verify ? TLS_PORT : HTTP_PORT));
  if (port < 1 || port > 65_535) throw invalid(source, address);
  const host = (found[1] ?? '').replace(/^\[|\]$/g, '');
  const secure = verify || (port === TLS_PORT && !address.startsWith('http:'));
  const folder = nonEmpty(env['DOCKER_CERT_PATH']) ?? join(homeDirectory, '.docker');
  const tls = secure ? { ca: join(folder, 'ca.pem'), certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') } : undefined;
  return { address, endpoint: { host, port, tls } };
}

/** Written before anything is started, so that whoever finds the sandbox dead knows where to look. */
export async function writeEngine(file: string, engine: SandboxEngine, fs: FileSystem): Promise<void> {
  await fs.writeFile(file, JSON.stringify(engine), { mode: 0o600 });
}

export async function readEngine(file: string, fs: FileSystem): Promise<SandboxEngine | undefined> {
  const text = await fs.readTextIfExists(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as SandboxEngine;
  } catch {
    return undefined;
  }
}

/** Asks the engine, and says in the sandbox's words that it does not answer. */
export async function requireEngine(engine: SandboxEngine, sandbox: SandboxAccess | undefined, signal: AbortSignal): Promise<void> {
  try {
    await sandbox?.askEngine?.(engine, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    throw new VickError('ENGINE', error.message, {
      cause: error,
      hint: `Check it with: docker -H ${engine.address} version · or run pods as processes: vick sandbox up --engine process`,
      ...(error.details === undefined ? {} : { details: error.details }),
    });
  }
}

/** Removes what the sandbox of this folder has left in its engine. */
export async function clearEngine(
  { directory, file }: { readonly directory: string; readonly file: string },
  deps: { readonly fs: FileSystem; readonly sandbox?: SandboxAccess },
  signal: AbortSignal,
): Promise<void> {
  const engine = await readEngine(file, deps.fs);
  if (engine === undefined) return;
  try {
    await deps.sandbox?.clearEngine?.(engine, directory, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    throw new VickError('ENGINE', `containers of the sandbox may be left: ${error.message}`, {
      cause: error,
      hint: 'Start the engine, then: vick sandbox down · by hand they are found with: docker ps -a --filter label=vick.dev/sandbox',
    });
  }
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function invalid(source: string, address: string): VickError {
  return new VickError('CONFIG_INVALID', `${source}: "${address}" is not the address of a container engine`, {
    hint: 'Give process, docker, unix:///PATH or tcp://HOST:PORT.',
  });
}
