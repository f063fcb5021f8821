/** vic-machine as the operations use it: found, opened, with the folders and limits of each kind of run. */
import { join } from 'node:path';
import { locateVicMachine } from '../../clients/vic-machine/locate.ts';
import type { RunContext, VicMachine } from '../../clients/vic-machine/port.ts';
import { createVicMachine } from '../../clients/vic-machine/vic-machine.ts';
import { stateDirectory } from '../../config/state-dir.ts';
import { rememberingFlags } from './binary-flags.ts';
import type { VchDeps } from './ports.ts';

/** ls and inspect limit themselves to three minutes. */
const QUERY_LIMIT_MS = 4 * 60_000;

export interface VicSession {
  readonly vic: VicMachine;
  readonly stateDirectory: string;
  /** For runs that belong to no VCH: ls, version, flags. */
  readonly query: (signal?: AbortSignal, limitMs?: number) => RunContext;
}

type SessionDeps = Pick<VchDeps, 'env' | 'cwd' | 'homeDirectory' | 'fs' | 'runner' | 'reporter'>;

/** Finds vic-machine (VIC_MACHINE_NOT_FOUND) and makes the folder its log goes to. */
export async function openVicMachine(deps: SessionDeps, explicit: string | undefined): Promise<VicSession> {
  const binary = await locateVicMachine({ explicit, env: deps.env, cwd: deps.cwd, fs: deps.fs });
  const state = stateDirectory(deps);
  const folder = join(state, 'vic-machine');
  await deps.fs.makeDirectory(folder, { mode: 0o700 });
  const vic = rememberingFlags(createVicMachine({ binary, runner: deps.runner, env: deps.env }), folder, deps.fs);
  const query = (signal?: AbortSignal, limitMs = QUERY_LIMIT_MS): RunContext => ({
    workingDirectory: folder,
    limitMs,
    signal,
    onLine: (line) => {
      deps.reporter.verbose(line);
    },
  });
  return { vic, stateDirectory: state, query };
}
