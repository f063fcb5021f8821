/**
 * What a create has done so far, written down before and after each step, so that whoever comes after a crash knows what
 * may exist. One file per VCH name and target in the state folder, mode 0600, durable before the step begins. No secrets:
 * it holds the declared document, which has none, and the addresses of the VCH.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { VchAddresses } from '../../clients/vic-machine/result-block.ts';
import type { VchDocument } from '../../config/vch-document.ts';
import { stateDirectory } from '../../config/state-dir.ts';
import { redact } from '../../errors/redact.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { markOf, type ProcessMark } from './process-mark.ts';
import type { VchDeps } from './ports.ts';

/** In the order in which a create takes them. */
export type CreateStep = 'folder' | 'identity' | 'kubeconfig' | 'vic-machine' | 'node-registered' | 'labels-and-taints' | 'node-ready';

interface JournalStep {
  readonly name: CreateStep;
  readonly state: 'started' | 'done' | 'failed';
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly error?: string;
}

export interface JournalFile {
  readonly apiVersion: 'vick.dev/v1alpha1';
  readonly kind: 'CreateJournal';
  readonly name: string;
  /** As vic-machine is given it: no user, no password. */
  readonly target: string;
  readonly nodeName: string;
  readonly workingDirectory: string;
  readonly certificateFolder: string;
  readonly kubeconfigFile: string;
  readonly document: VchDocument;
  readonly state: 'running' | 'failed' | 'complete';
  readonly retain: boolean;
  /** An identity was minted for the node. */
  readonly identity: boolean;
  /** The vick that writes it. */
  readonly owner: ProcessMark | undefined;
  /** The vic-machine it started. */
  readonly child?: ProcessMark | undefined;
  readonly addresses?: VchAddresses | undefined;
  readonly problems?: readonly string[] | undefined;
  readonly steps: readonly JournalStep[];
}

type JournalDeps = Pick<VchDeps, 'env' | 'homeDirectory' | 'fs' | 'clock' | 'self'>;

/** The journal of `name` on `target`; undefined when there is none, or none that can be read. */
export async function readJournal(name: string, target: string, deps: JournalDeps): Promise<JournalFile | undefined> {
  return parse(await deps.fs.readTextIfExists(journalPath(name, target, deps)));
}

/** Every journal of a VCH called `name`, on whichever target. */
export async function journalsOf(name: string, deps: JournalDeps): Promise<readonly JournalFile[]> {
  const folder = journalFolder(deps);
  if ((await deps.fs.info(folder)) === undefined) return [];
  const files = (await deps.fs.list(folder)).filter((file) => file.startsWith(`${name}@`) && file.endsWith('.json'));
  const found = await Promise.all(files.map(async (file) => parse(await deps.fs.readTextIfExists(join(folder, file)))));
  return found.filter((journal) => journal?.name === name) as readonly JournalFile[];
}

/** Every journal there is. */
export async function everyJournal(deps: Pick<JournalDeps, 'env' | 'homeDirectory' | 'fs'>): Promise<readonly JournalFile[]> {
  const folder = journalFolder(deps);
  if ((await deps.fs.info(folder)) === undefined) return [];
  const files = (await deps.fs.list(folder)).filter((file) => file.endsWith('.json'));
  const found = await Promise.all(files.map(async (file) => parse(await deps.fs.readTextIfExists(join(folder, file)))));
  return found.filter((journal) => journal !== undefined);
}

export async function removeJournal(name: string, target: string, deps: JournalDeps): Promise<void> {
  await deps.fs.remove(journalPath(name, target, deps));
}

/** How far an unfinished create came: `vic-machine (started)`. */
export function lastStep({ steps }: Pick<JournalFile, 'steps'>): JournalStep | undefined {
  return steps.at(-1);
}

export function isDone(journal: Pick<JournalFile, 'steps'>, step: CreateStep): boolean {
  return journal.steps.some(({ name, state }) => name === step && state === 'done');
}

export type JournalStart = Omit<JournalFile, 'apiVersion' | 'kind' | 'state' | 'identity' | 'owner' | 'addresses' | 'steps'> & {
  readonly steps?: readonly JournalStep[];
  readonly identity?: boolean;
  readonly addresses?: VchAddresses | undefined;
};

/** The journal of the create that this process does. Nothing is written before the first step. */
export class Journal {
  readonly #deps: JournalDeps;
  #file: JournalFile;

  constructor(start: JournalStart, owner: ProcessMark | undefined, deps: JournalDeps) {
    this.#deps = deps;
    this.#file = { apiVersion: 'vick.dev/v1alpha1', kind: 'CreateJournal', identity: false, steps: [], ...start, state: 'running', owner };
  }

  get file(): JournalFile {
    return this.#file;
  }

  /** Does `work` as a named step: written down as started before, and as done or failed after. */
  async step<T>(name: CreateStep, work: () => Promise<T>, facts?: (result: T) => Partial<JournalFile>): Promise<T> {
    const startedAt = this.#now();
    const others = this.#file.steps.filter((step) => step.name !== name);
    await this.#write({ state: 'running', steps: [...others, { name, state: 'started', startedAt }] });
    try {
      const result = await work();
      await this.#write({ ...facts?.(result), steps: [...others, { name, state: 'done', startedAt, endedAt: this.#now() }] });
      return result;
    } catch (error) {
      const failed: JournalStep = { name, state: 'failed', startedAt, endedAt: this.#now(), error: redact(messageOf(error)).slice(0, 2000) };
      await this.#write({ state: 'failed', steps: [...others, failed] });
      throw error;
    }
  }

  async note(facts: Partial<JournalFile>): Promise<void> {
    await this.#write(facts);
  }

  async complete(): Promise<void> {
    await this.#write({ state: 'complete', child: undefined });
  }

  async remove(): Promise<void> {
    await removeJournal(this.#file.name, this.#file.target, this.#deps);
  }

  async #write(change: Partial<JournalFile>): Promise<void> {
    this.#file = { ...this.#file, ...change };
    const path = journalPath(this.#file.name, this.#file.target, this.#deps);
    await this.#deps.fs.makeDirectory(journalFolder(this.#deps), { mode: 0o700 });
    await this.#deps.fs.writeFile(path, `${JSON.stringify(this.#file, null, 2)}\n`, { mode: 0o600, durable: true });
  }

  #now(): string {
    return rfc3339(this.#deps.clock.now());
  }
}

export async function startJournal(start: JournalStart, deps: JournalDeps): Promise<Journal> {
  return new Journal(start, await markOf(deps.self?.pid, deps.fs), deps);
}

function journalFolder(deps: Pick<JournalDeps, 'env' | 'homeDirectory'>): string {
  return join(stateDirectory(deps), 'journal');
}

function journalPath(name: string, target: string, deps: JournalDeps): string {
  return join(journalFolder(deps), `${name}@${placeId(target)}.json`);
}

/** The target in the name of a file. */
export function placeId(target: string): string {
  return createHash('sha256').update(journalPlace(target)).digest('hex').slice(0, 12);
}

/** A target as journals are told apart by: every spelling of one is the same. */
export function journalPlace(target: string): string {
  return target
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
    .replace(/\/+$/, '')
    .toLowerCase();
}

/** A file that somebody cut short or wrote by hand says nothing; what exists is then found by looking. */
function parse(text: string | undefined): JournalFile | undefined {
  try {
    const file = JSON.parse(text ?? 'null') as Partial<JournalFile> | null;
    if (file?.kind !== 'CreateJournal' || typeof file.name !== 'string' || typeof file.target !== 'string') return undefined;
    if (!Array.isArray(file.steps) || typeof file.document?.spec !== 'object' || typeof file.workingDirectory !== 'string') return undefined;
    return file as JournalFile;
  } catch {
    return undefined;
  }
}
