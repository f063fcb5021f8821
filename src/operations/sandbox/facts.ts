import { join } from 'node:path';
import { VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { ProcessTable } from '../../platform/runner.ts';
import type { SandboxFacts } from './port.ts';

/** Everything of a sandbox is in one folder below the state folder. */
export function sandboxPaths(stateDirectory: string): {
  readonly directory: string;
  readonly facts: string;
  readonly log: string;
  readonly processes: string;
  readonly vchs: string;
  readonly engine: string;
} {
  const directory = join(stateDirectory, 'sandbox');
  return {
    directory,
    facts: join(directory, 'site.json'),
    log: join(directory, 'sandbox.log'),
    processes: join(directory, 'processes'),
    vchs: join(directory, 'vch'),
    engine: join(directory, 'engine'),
  };
}

export type SandboxState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'running'; readonly facts: SandboxFacts }
  /** Its folder is there, its process is not: it crashed or was killed. */
  | { readonly kind: 'dead' };

/** Looks at the folder and at the process. */
export async function readSandbox(stateDirectory: string, deps: { readonly fs: FileSystem; readonly processes: ProcessTable }): Promise<SandboxState> {
  const paths = sandboxPaths(stateDirectory);
  if ((await deps.fs.info(paths.directory)) === undefined) return { kind: 'absent' };
  const text = await deps.fs.readTextIfExists(paths.facts);
  const facts = text === undefined ? undefined : parseFacts(text);
  return facts !== undefined && deps.processes.isAlive(facts.pid) ? { kind: 'running', facts } : { kind: 'dead' };
}

/** The facts of the running sandbox, or SANDBOX_NOT_RUNNING. */
export async function requireSandbox(stateDirectory: string, deps: { readonly fs: FileSystem; readonly processes: ProcessTable }): Promise<SandboxFacts> {
  const state = await readSandbox(stateDirectory, deps);
  if (state.kind === 'running') return state.facts;
  throw state.kind === 'absent'
    ? new VickError('SANDBOX_NOT_RUNNING', 'no sandbox is running', { hint: 'Start one with: vick sandbox up' })
    : new VickError('SANDBOX_NOT_RUNNING', `the sandbox of ${stateDirectory} has died`, { hint: 'Clear away what it left with: vick sandbox down' });
}

function parseFacts(text: string): SandboxFacts | undefined {
  try {
    const value = JSON.parse(text) as Partial<SandboxFacts> | null;
    return value?.kind === 'Sandbox' && typeof value.pid === 'number' ? (value as SandboxFacts) : undefined;
  } catch {
    return undefined;
  }
}
