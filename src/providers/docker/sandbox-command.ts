import type { ContainerEngine } from '../../clients/docker-engine/containers-port.ts';
import { frames } from '../../clients/docker-engine/demultiplex.ts';
import { SANDBOX_COMMAND } from './sandbox-image.ts';

/** A command of the sandbox program said no; the message is what it said. */
class SandboxCommandFailed extends Error {}

/** Runs a command of the sandbox program in a running sandbox; its output. */
export async function runInSandbox(engine: ContainerEngine, sandbox: string, command: readonly string[], signal: AbortSignal): Promise<string> {
  const spec = { Cmd: [SANDBOX_COMMAND, ...command], AttachStdin: false, AttachStdout: true, AttachStderr: true, Tty: false, User: '0:0' };
  const exec = await engine.createExec(sandbox, spec, signal);
  const connection = await engine.startExec(exec, { tty: false }, signal);
  const said = { stdout: '', stderr: '' };
  const stop = (): void => void connection.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const { stream, data } of frames(connection)) said[stream] += data.toString('utf8');
  } finally {
    signal.removeEventListener('abort', stop);
    connection.destroy();
  }
  signal.throwIfAborted();
  const { ExitCode } = await engine.inspectExec(exec, signal);
  if (ExitCode !== 0) throw new SandboxCommandFailed(said.stderr.trim() || `exit code ${String(ExitCode)}`);
  return said.stdout;
}
