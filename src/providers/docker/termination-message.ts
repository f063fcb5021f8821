import { firstFile } from '../../platform/tar.ts';
import type { ContainerEngine, WireContainer } from '../../clients/docker-engine/containers-port.ts';
import { bytesOf } from '../../clients/docker-engine/demultiplex.ts';
import { LABEL } from './labels.ts';
import { POD_FOLDER } from './volumes.ts';

const FILE_LIMIT = 4096;
const LOG_LIMIT = 2048;
const LOG_LINES = 80;
/** A tar header, and one more for a long name with its content. */
const HEADERS = 2048;

/** Of one run, below the pod's own volume. */
export function messageFile(container: string, attempt: number): string {
  return `containers/${container}/${String(attempt)}/termination-log`;
}

/** What a container that has ended left as its message; undefined: nothing. */
export async function terminationMessage(engine: ContainerEngine, sandbox: string, container: WireContainer, signal: AbortSignal): Promise<string | undefined> {
  const { [LABEL.container]: name = '', [LABEL.attempt]: attempt = '0', [LABEL.message]: policy } = container.Config?.Labels ?? {};
  const path = `${POD_FOLDER}/${messageFile(name, Number(attempt))}`;
  const archive = await engine.getArchive(sandbox, path, FILE_LIMIT + HEADERS, signal);
  const written = archive === undefined ? undefined : firstFile(archive)?.subarray(0, FILE_LIMIT).toString('utf8');
  if (written !== undefined && written !== '') return written;
  if (policy !== 'logs' || (container.State?.ExitCode ?? 0) === 0) return undefined;
  const options = { stdout: true, stderr: true, follow: false, timestamps: false, tail: String(LOG_LINES) };
  let tail = Buffer.alloc(0);
  const log = await engine.logs(container.Id, options, signal);
  for await (const chunk of bytesOf(log, container.Config?.Tty !== true)) {
    tail = Buffer.concat([tail, chunk as Buffer]);
    tail = tail.subarray(Math.max(0, tail.length - LOG_LIMIT));
  }
  return tail.length === 0 ? undefined : tail.toString('utf8');
}
