import type { WireContainer } from '../../clients/docker-engine/containers-port.ts';
import type { ObservedState } from '../../kubelet/provider.ts';

/** Why a container could not be started, where the engine does not keep it. */
export interface StartFailure {
  readonly text: string;
  readonly at: number;
}

/** One run of a container in the kubelet's words. Pure; the termination message is read elsewhere. */
export function observeContainer(container: WireContainer, failure: StartFailure | undefined): ObservedState {
  const { State: state = {} } = container;
  const startedAt = timeOf(state.StartedAt);
  switch (state.Status) {
    case 'running':
    case 'paused':
    case 'restarting':
    case 'stopping':
      return startedAt === undefined ? { kind: 'starting' } : { kind: 'running', startedAt };
    case 'exited':
    case 'stopped':
      // Podman calls "exited" what it could not start, too.
      if (startedAt === undefined) return notStarted(container, failure) ?? { kind: 'created' };
      return exited(state, startedAt);
    case 'created':
    case 'configured':
    case 'initialized':
      return notStarted(container, failure) ?? { kind: 'created' };
    case 'removing':
    case 'dead':
      if (startedAt !== undefined && timeOf(state.FinishedAt) !== undefined) return exited(state, startedAt);
      return { kind: 'unknown', message: 'The container is being removed from the engine.' };
    default:
      return { kind: 'unknown', message: `The engine reports the container in state "${state.Status ?? ''}".` };
  }
}

function exited(state: NonNullable<WireContainer['State']>, startedAt: number): ObservedState {
  const finishedAt = timeOf(state.FinishedAt) ?? startedAt;
  return {
    kind: 'exited',
    exitCode: state.ExitCode ?? 0,
    ...(state.OOMKilled === true ? { reason: 'OOMKilled' } : {}),
    startedAt,
    finishedAt: Math.max(finishedAt, startedAt),
  };
}

/** A launch that the runtime refused. The exit codes are a shell's, as Docker itself gives them. */
function notStarted(container: WireContainer, failure: StartFailure | undefined): ObservedState | undefined {
  const text = failure?.text ?? container.State?.Error ?? '';
  if (text === '') return undefined;
  const finishedAt = failure?.at ?? timeOf(container.State?.FinishedAt) ?? timeOf(container.Created) ?? 0;
  return { kind: 'exited', ...launchFailure(text), message: text, finishedAt };
}

function launchFailure(text: string): { readonly exitCode: number; readonly reason: string } {
  if (/permission denied|is a directory/i.test(text)) return { exitCode: 126, reason: 'ContainerCannotRun' };
  if (/executable file not found|no such file or directory|command that was not found/i.test(text)) return { exitCode: 127, reason: 'ContainerCannotRun' };
  return { exitCode: 128, reason: 'StartError' };
}

/** Undefined: never (engines give the zero time, or nothing). */
export function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isFinite(time) && time > 0 ? time : undefined;
}
