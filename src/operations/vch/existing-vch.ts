/** What inspect, configure, upgrade and debug have in common: which VCH, where its files are, how long a run may take. */
import type { RunContext, VchReference, VicTarget } from '../../clients/vic-machine/port.ts';
import type { VchDeps } from './ports.ts';
import type { VicSession } from './vic-session.ts';
import { takeFolder, workFolder } from './work-folder.ts';

/** One of `name` and `id` is there; `id` wins. */
export interface ExistingVch {
  readonly target: VicTarget;
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly computeResource: string | undefined;
  /** `--vic-machine`. */
  readonly vicMachine: string | undefined;
  /** vic-machine's own limit. */
  readonly timeoutMs: number;
}

export function referenceOf({ name, id, computeResource }: ExistingVch): VchReference {
  return id === undefined ? { name, computeResource } : { id };
}

/** `web`, or the id where no name was given. */
export function titleOf({ name, id }: Pick<ExistingVch, 'name' | 'id'>): string {
  return name ?? id ?? '';
}

/** How vick itself is told of that VCH. */
export function wordsFor({ name, id }: Pick<ExistingVch, 'name' | 'id'>): string {
  return [name, id === undefined ? undefined : `--id ${id}`].filter((word) => word !== undefined).join(' ');
}

/** Starting, logging in and a clean end, on top of vic-machine's own limit. */
const ALLOWANCE_MS = 2 * 60_000;

/** A run in the folder where create left the certificates of the VCH, where there is one: vic-machine looks for them beside itself. */
export async function vchContext(
  vch: ExistingVch,
  session: VicSession,
  deps: VchDeps,
  signal: AbortSignal,
  options: { readonly allowanceMs?: number; readonly make?: boolean } = {},
): Promise<RunContext> {
  const query = session.query(signal, vch.timeoutMs + (options.allowanceMs ?? ALLOWANCE_MS));
  if (vch.name === undefined) return query;
  const folder = await workFolder(vch.name, vch.target.target, deps);
  if (options.make === true) await takeFolder(folder, vch.target.target, deps);
  return (await deps.fs.info(folder))?.kind === 'directory' ? { ...query, workingDirectory: folder } : query;
}
