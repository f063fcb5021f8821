/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return -- recorded JSON of every kind has no type */
/** What a replay learns while it goes: which of our values stands for which recorded one. */
export class Correspondence {
  readonly uids = new Map<string, string>();
  readonly versions = new Map<string, string>();
  readonly names = new Map<string, string>();
  readonly tokens = new Map<string, string>();
  /** States (`stateOf`) of objects that have been compared or set up. */
  readonly seen = new Set<string>();
  /** The revisions, recorded and ours, at which each object (by recorded uid) was last compared. */
  readonly latest = new Map<string, { theirs: number; mine: number }>();
  /** Our revision when the replay began. */
  start = '0';
  private readonly recordedUids: ReadonlySet<string>;

  constructor(recordedUids: Iterable<string>) {
    this.recordedUids = new Set(recordedUids);
  }

  isUid(text: string): boolean {
    return this.recordedUids.has(text);
  }

  /** A recorded text (path, body) as it must be sent to us. */
  translate(text: string): string {
    let result = text;
    for (const [recorded, ours] of [...this.uids, ...this.names, ...this.tokens]) result = result.replaceAll(recorded, ours);
    return result;
  }

  /** Our revision for a recorded one: the same change, or the latest earlier one. Revisions before the recording stay as they are. */
  version(recorded: string): string | undefined {
    const known = this.versions.get(recorded);
    if (known !== undefined) return known;
    const earlier = [...this.versions.keys()].filter((version) => Number(version) <= Number(recorded));
    const latest = earlier.sort((a, b) => Number(b) - Number(a))[0];
    return latest === undefined ? undefined : this.versions.get(latest);
  }
}

/** One recorded object at one recorded revision. */
export function stateOf(object: { readonly metadata: any }): string {
  return `${object.metadata.uid}@${object.metadata.resourceVersion}`;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const AGE = /^(\d+[smhdy])+$|^<invalid>$|^<unknown>$/;
/** An age inside a cell: `4 (1s ago)`. */
const AGO = /\((?:\d+[smhdy])+ ago\)/g;
const GENERATED_VOLUME = /kube-api-access-[a-z0-9]{5}/g;

/** Differences between a recorded body and ours, one line each; learns correspondences on the way. */
export function differences(recorded: unknown, ours: unknown, known: Correspondence): readonly string[] {
  const found: string[] = [];
  walk(recorded, ours, '', known, found);
  return found;
}

function walk(recorded: unknown, ours: unknown, path: string, known: Correspondence, found: string[]): void {
  if (path.endsWith('.managedFields')) return;
  // A controller of the recorded cluster left an empty map behind; Go writes none of its own.
  if (path.endsWith('.metadata.annotations') && isEmptyMap(recorded) && ours === undefined) return;
  if (Array.isArray(recorded) && Array.isArray(ours)) {
    if (recorded.length !== ours.length) found.push(`${path}: ${recorded.length} items recorded, ${ours.length} ours: ${short(recorded)} | ${short(ours)}`);
    else {
      const counterparts = aligned(recorded, ours, known);
      recorded.forEach((item, index) => walk(item, counterparts[index], `${path}[${index}]`, known, found));
    }
    return;
  }
  if (isRecord(recorded) && isRecord(ours)) {
    found.push(...outOfOrder(recorded, ours, path, known));
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(ours)])) walk(recorded[key], ours[key], `${path}.${key}`, known, found);
    return;
  }
  if (recorded === ours) {
    learn(recorded, ours, path, known);
    return;
  }
  if (typeof recorded === 'string' && typeof ours === 'string' && sameText(recorded, ours, path, known)) return;
  found.push(`${path}: ${short(recorded)} recorded, ${short(ours)} ours`);
}

/** Lists are in the order of names, where a generated one has another place; everything else must stand where it was recorded. */
function aligned(recorded: readonly any[], ours: readonly any[], known: Correspondence): readonly unknown[] {
  const names = recorded.map((item) => known.names.get(item?.metadata?.name as string) ?? item?.metadata?.name) as unknown[];
  if (!recorded.some((item) => known.names.has(item?.metadata?.name as string)) || ours.some((item) => !names.includes(item?.metadata?.name))) return ours;
  const sorted = ours.every((item, index) => index === 0 || ours[index - 1].metadata.name < item.metadata.name);
  return sorted ? names.map((name) => ours.find((item) => item.metadata.name === name) as unknown) : ours;
}

/** Between two looks at one object, its resourceVersion must have moved or stayed as recorded. */
function outOfOrder(recorded: Record<string, unknown>, ours: Record<string, unknown>, path: string, known: Correspondence): string[] {
  if (!path.endsWith('.metadata')) return [];
  const { uid, resourceVersion: theirs } = recorded;
  const { resourceVersion: mine } = ours;
  if (typeof uid !== 'string' || typeof theirs !== 'string' || typeof mine !== 'string') return [];
  known.seen.add(stateOf({ metadata: recorded }));
  const last = known.latest.get(uid);
  known.latest.set(uid, { theirs: Number(theirs), mine: Number(mine) });
  if (last === undefined || Math.sign(Number(theirs) - last.theirs) === Math.sign(Number(mine) - last.mine)) return [];
  return [`${path}.resourceVersion: ${last.theirs} → ${theirs} recorded, ${last.mine} → ${mine} ours`];
}

function sameText(recorded: string, ours: string, path: string, known: Correspondence): boolean {
  learn(recorded, ours, path, known);
  if (path.endsWith('.resourceVersion') || path.endsWith('.continue')) return true;
  if (known.isUid(recorded)) return known.uids.get(recorded) === ours;
  if (TIME.test(recorded) && TIME.test(ours)) return recorded.startsWith('2026-11-23');
  if (AGE.test(recorded) && AGE.test(ours)) return true;
  if (path.includes('credential-id')) return true;
  if (path.endsWith('.status.certificate')) return isCertificate(recorded) && isCertificate(ours);
  return normal(known.translate(recorded)) === normal(ours);
}

/** Every authority issues its own; that there is one is what is compared. */
function isCertificate(base64: string): boolean {
  return Buffer.from(base64, 'base64').toString('latin1').startsWith('-----BEGIN CERTIFICATE-----');
}

function learn(recorded: unknown, ours: unknown, path: string, known: Correspondence): void {
  if (typeof recorded !== 'string' || typeof ours !== 'string') return;
  if (path.endsWith('.resourceVersion')) known.versions.set(recorded, ours);
  else if (known.isUid(recorded) && !known.uids.has(recorded)) known.uids.set(recorded, ours);
  else if (/^<jwt-\d+>$/.test(recorded)) known.tokens.set(recorded, ours);
  else if (path.endsWith('.metadata.name') && generatedFrom(recorded, ours)) known.names.set(recorded, ours);
}

/** Two names that differ in their last five characters only. */
function generatedFrom(recorded: string, ours: string): boolean {
  return recorded !== ours && recorded.length === ours.length && recorded.length > 5 && recorded.slice(0, -5) === ours.slice(0, -5);
}

function normal(text: string): string {
  return withoutManagedFields(text)
    .replace(/(resourceVersion[\\"]+:[\\"]+)\d+/g, '$1<rv>')
    .replace(AGO, '(<age> ago)')
    .replace(GENERATED_VOLUME, 'kube-api-access-xxxxx')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>')
    .replace(/too old resource version: (\d+) \(\d+\)/, 'too old resource version: $1 (<floor>)')
    .replace(/(ResourceVersion in (precondition|record)) \(\d+\)/g, '$1 (<rv>)');
}

/** Bodies repeated inside messages carry managed fields too. */
function withoutManagedFields(text: string): string {
  const start = text.search(/,[\\"]+managedFields[\\"]+:\[/);
  if (start < 0) return text;
  let depth = 0;
  for (let at = text.indexOf('[', start); at < text.length; at += 1) {
    if (text[at] === '[') depth += 1;
    if (text[at] === ']') depth -= 1;
    if (depth === 0) return text.slice(0, start) + text.slice(at + 1);
  }
  return text;
}

function isEmptyMap(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function short(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 220 ? `${text.slice(0, 220)}…` : text;
}
