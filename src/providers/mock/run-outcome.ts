/** What the run of a container comes to: its settings over its command. */
import type { Container } from '../../platform/kubernetes-objects.ts';
import type { ContainerRequest } from '../../kubelet/provider.ts';
import type { MockPod, MockRun } from './pods.ts';
import { interpret, type Outcome, type ScriptContext } from './script.ts';
import { draw, type MockSettings } from './settings.ts';

type Definition = Pick<ContainerRequest, 'role' | 'command' | 'args' | 'terminationMessage'>;

/** `exits`: how often it has ended by itself. */
export function outcomeOf(definition: Definition, settings: MockSettings, exits: number, context: ScriptContext, fraction: () => number): Outcome {
  // What an image would run is not known, and neither are arguments of it.
  const command = definition.command === undefined ? [] : [...definition.command, ...(definition.args ?? [])];
  const own = interpret(command, context, definition.role === 'init' ? 'ends' : 'runs');
  const { 'exit-after': after, 'exit-code': code, 'exit-times': times } = settings;
  if (after === undefined && code === undefined) return own;
  if (times !== undefined && exits >= times) return { ...own, endsAtMs: undefined };
  return { ...own, endsAtMs: draw(after, fraction), exitCode: code ?? 0 };
}

/** What a command in the container finds there. */
export function contextOf(
  pod: Pick<MockPod, 'name' | 'volumes'>,
  run: Pick<MockRun, 'env' | 'mounts'> & { readonly terminationMessage?: { readonly path: string } },
): ScriptContext {
  return {
    env: new Map(run.env.map(({ name, value }) => [name, value])),
    hostname: run.env.find(({ name }) => name === 'HOSTNAME')?.value ?? pod.name,
    file: (path) => fileIn(pod, run, path),
    messagePath: run.terminationMessage?.path ?? '/dev/termination-log',
  };
}

/** The definition of a container that a kubelet of before has started, as far as the spec tells it. */
export function definitionOf(container: Container, role: ContainerRequest['role']): Definition {
  const { command, args, terminationMessagePath } = container;
  return { role, command, args, terminationMessage: { path: terminationMessagePath ?? '/dev/termination-log', fallbackToLogsOnError: false } };
}

function fileIn({ volumes }: Pick<MockPod, 'volumes'>, { mounts }: Pick<MockRun, 'mounts'>, path: string): string | undefined {
  const found = mounts
    .filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath.replace(/\/$/, '')}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
  if (found === undefined) return undefined;
  const below = path.slice(found.mountPath.length).replace(/^\/+/, '');
  const inVolume = [found.subPath, below].filter((part) => part !== undefined && part !== '').join('/');
  const content = volumes.get(found.volume)?.get(inVolume);
  return content === undefined ? undefined : Buffer.from(content).toString('utf8');
}
