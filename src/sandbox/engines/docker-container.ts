/** A task as a container of its own. */
import type { Duplex } from 'node:stream';
import type { ContainerEngine, ContainerSpec } from '../../clients/docker-engine/containers-port.ts';
import { containerFailure } from '../../clients/docker-engine/container-failure.ts';
import { messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import { launchText } from './docker-launch-text.ts';
import { carryOutput } from './docker-output.ts';
import { LaunchError, type EngineTask, type LaunchRequest } from './port.ts';

export interface ContainerLaunch {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly name: string;
  readonly spec: ContainerSpec;
  /** Fills its file system before anything runs. */
  readonly prepare?: (container: string, signal: AbortSignal) => Promise<void>;
  /** Aborts when the machine goes off. */
  readonly machineEnd: AbortSignal;
}

/** How long one wait for the end may take before it is asked for anew, and the pause after a failed one, ms. */
const WAIT_MS = 10 * 60_000;
const RETRY_MS = 500;
/** How long output may come from what a program left behind, ms. */
const DRAIN_MS = 500;
const KILLED = 137;

/** Joins the streams before the program runs, so that none of its output is missed. Calls that make things are never aborted. */
export async function runContainer(launch: ContainerLaunch, request: LaunchRequest): Promise<{ readonly task: EngineTask; readonly container: string }> {
  const { engine, clock, name, spec, machineEnd } = launch;
  const never = new AbortController().signal;
  const id = await engine.createContainer(name, spec, never);
  let connection: Duplex | undefined;
  try {
    await launch.prepare?.(id, never);
    // Podman prepares the program already now, and says here what is wrong with it.
    connection = await engine.attach(id, { stdin: request.openStdin, stdout: true, stderr: true }, never);
    machineEnd.throwIfAborted();
    await engine.startContainer(id, never);
  } catch (error) {
    connection?.destroy();
    await engine.removeContainer(id, never).catch(() => undefined);
    machineEnd.throwIfAborted();
    throw new LaunchError(launchText(request.path, containerFailure(error)?.reason ?? messageOf(error)), { cause: error });
  }
  const attached = connection;
  const output = carryOutput(attached, request.tty);
  let over = false;
  const exited = (async () => {
    const code = await exitCode(launch, id);
    over = true;
    await Promise.race([output.carried, clock.sleep(DRAIN_MS)]);
    attached.destroy();
    await Promise.race([output.read, clock.sleep(DRAIN_MS)]);
    return code;
  })();
  const signal = (number: number): boolean => {
    if (over) return false;
    // One that has ended meanwhile hears nothing, as the last signal to any process.
    void engine.killContainer(id, String(number), machineEnd).catch(() => undefined);
    return true;
  };
  return { container: id, task: { stdin: request.openStdin ? attached : undefined, stdout: output.stdout, stderr: output.stderr, exited, signal } };
}

/** Asked until it is known: an engine that is restarted tells it afterwards. */
async function exitCode({ engine, clock, machineEnd }: ContainerLaunch, id: string): Promise<number> {
  while (!machineEnd.aborted) {
    try {
      if (!(await engine.waitContainer(id, WAIT_MS, machineEnd))) continue;
      const state = (await engine.inspectContainer(id, machineEnd))?.State;
      if (state?.Running !== true) return state?.ExitCode ?? KILLED;
    } catch {
      await clock.sleep(RETRY_MS, machineEnd).catch(() => undefined);
    }
  }
  return KILLED;
}
