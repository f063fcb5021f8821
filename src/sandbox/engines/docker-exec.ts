/** A task that joins a running one: a command in its container. */
import type { Duplex } from 'node:stream';
import type { ContainerEngine, WireExec } from '../../clients/docker-engine/containers-port.ts';
import type { Clock } from '../../platform/clock.ts';
import { launchText } from './docker-launch-text.ts';
import { carryOutput, type CarriedOutput } from './docker-output.ts';
import { LaunchError, type EngineTask, type LaunchRequest } from './port.ts';
import { orAborted } from '../../platform/until-aborted.ts';

export interface ExecLaunch {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly container: string;
  /** Settles when the container has ended. Engines leave connections of its commands open, whose processes they have killed. */
  readonly containerEnd: Promise<unknown>;
  /** Aborts when the machine goes off. */
  readonly machineEnd: AbortSignal;
}

/** By which a command is found again: the API gives no way to signal it. */
const TASK_VARIABLE = 'VICK_SANDBOX_TASK';
const LOOK_MS = 20;
const DRAIN_MS = 500;
const KILLED = 137;

/** Exit codes of a launch that failed, and what engines give that know none. */
const NOT_LAUNCHED: readonly unknown[] = [126, 127, -1, null];
const LAUNCH_FAILURE = /^\s*(?:Error: )?(?:OCI runtime exec failed|crun: |runc: |exec failed|exec \S+ failed|unable to find user)/i;

export async function runExec(launch: ExecLaunch, request: LaunchRequest): Promise<EngineTask> {
  const { engine, clock, container, containerEnd, machineEnd } = launch;
  const spec = {
    Cmd: [request.path, ...request.args],
    ...{ AttachStdin: request.openStdin, AttachStdout: true, AttachStderr: !request.tty, Tty: request.tty },
    Env: [...request.env, `${TASK_VARIABLE}=${request.id}`],
    ...(request.user === '' ? {} : { User: request.user }),
    ...(request.workingDir === '' ? {} : { WorkingDir: request.workingDir }),
  };
  const exec = await engine.createExec(container, spec, machineEnd);
  const connection = await engine.startExec(exec, { tty: request.tty }, machineEnd);
  const output = carryOutput(connection, request.tty);
  const begun = await untilBegun(launch, exec);
  if (begun.Running !== true && NOT_LAUNCHED.includes(begun.ExitCode)) await refuseFailedLaunch(clock, request.path, output);
  let over = false;
  const exited = (async () => {
    await orAborted(Promise.race([output.carried, containerEnd]), machineEnd);
    const code = await exitCode(launch, exec);
    over = true;
    connection.destroy();
    await Promise.race([output.read, clock.sleep(DRAIN_MS)]);
    return code;
  })();
  const signal = (number: number): boolean => {
    if (over) return false;
    void kill(launch, request, number).catch(() => undefined);
    return true;
  };
  return { stdin: request.openStdin ? connection : undefined, stdout: output.stdout, stderr: output.stderr, exited, signal };
}

/** The engine hands the connection over before it has started the command, and calls it running before it is. */
async function untilBegun({ engine, clock, machineEnd }: ExecLaunch, exec: string): Promise<WireExec> {
  for (;;) {
    const seen = await engine.inspectExec(exec, machineEnd);
    if ((seen.Pid ?? 0) > 0 || (seen.Running !== true && typeof seen.ExitCode === 'number')) return seen;
    await clock.sleep(LOOK_MS, machineEnd);
  }
}

/** Engines say it as output of the command; a command may also end with such a code by itself, and say what it likes. */
async function refuseFailedLaunch(clock: Clock, path: string, output: CarriedOutput): Promise<void> {
  await Promise.race([output.carried, clock.sleep(DRAIN_MS)]);
  const said = [output.stdout, output.stderr].map((stream) => (stream.read() as Buffer | null) ?? Buffer.alloc(0));
  const text = Buffer.concat(said).toString('utf8');
  if (LAUNCH_FAILURE.test(text)) throw new LaunchError(launchText(path, text));
  for (const [index, stream] of [output.stdout, output.stderr].entries()) {
    const bytes = said[index];
    if (bytes !== undefined && bytes.length > 0) stream.unshift(bytes);
  }
}

async function exitCode({ engine, clock, containerEnd, machineEnd }: ExecLaunch, exec: string): Promise<number> {
  const end = { come: false };
  void containerEnd.then(() => {
    end.come = true;
  });
  while (!machineEnd.aborted) {
    try {
      const last = end.come;
      const { Running, ExitCode } = await engine.inspectExec(exec, machineEnd);
      if (Running !== true) return ExitCode ?? KILLED;
      if (last) return KILLED;
      await clock.sleep(LOOK_MS, machineEnd);
    } catch {
      // Its container is gone, and it with it.
      return KILLED;
    }
  }
  return KILLED;
}

/** By the image's own shell, which sees every process of the machine. Without a shell the command runs on until its container ends. */
async function kill({ engine, container, machineEnd }: ExecLaunch, request: LaunchRequest, number: number): Promise<void> {
  const script = 'for d in /proc/[0-9]*; do if grep -qs "$1" "$d/environ"; then kill "-$2" "${d#/proc/}"; fi; done';
  const Cmd = ['/bin/sh', '-c', script, 'sh', `${TASK_VARIABLE}=${request.id}`, String(number)];
  const exec = await engine.createExec(container, { Cmd, AttachStdin: false, AttachStdout: true, AttachStderr: true, Tty: false, User: '0' }, machineEnd);
  const connection: Duplex = await engine.startExec(exec, { tty: false }, machineEnd);
  await carryOutput(connection, false).carried;
}
