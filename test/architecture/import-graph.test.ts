import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * Who may import whom, read top to bottom: data walks through the house in one direction. A rule names a room (a path
 * prefix below src/) and the rooms it may use besides itself; the first matching rule counts.
 */
const ROOMS: readonly (readonly [room: string, mayUse: readonly string[]])[] = [
  ['main.ts', ['']],
  ['errors/', []],
  ['platform/', ['errors/']],
  ['config/', ['platform/', 'errors/']],
  ['kubelet/', ['platform/', 'errors/']],
  // A client's port is types; its adapter may use what the port is made of. clients/kubernetes serves the kubelet's own port.
  ['clients/kubernetes/', ['kubelet/cluster.ts', 'kubelet/trust.ts', 'platform/', 'errors/']],
  ['clients/', ['platform/', 'errors/']],
  ['providers/', ['kubelet/provider.ts', 'kubelet/capabilities.ts', 'clients/', 'platform/', 'errors/']],
  // The sandbox's controllers, and what sets up a real control plane, are ordinary clients of the API, as the kubelet is.
  ['sandbox/controllers/', ['sandbox/', 'clients/kubernetes/', 'platform/', 'errors/']],
  ['sandbox/real-control-plane/', ['sandbox/', 'clients/kubernetes/', 'operations/sandbox/port.ts', 'platform/', 'errors/']],
  // Its Docker engine is a client of one; the connection is made in main.
  ['sandbox/engines/docker', ['sandbox/', 'clients/docker-engine/', 'platform/', 'errors/']],
  ['sandbox/', ['clients/kubernetes/port.ts', 'clients/docker-engine/containers-port.ts', 'operations/sandbox/port.ts', 'platform/', 'errors/']],
  ['operations/kubelet/', ['kubelet/', 'providers/', 'clients/', 'config/', 'platform/', 'errors/']],
  // Which VM is which pod is written by the provider.
  ['operations/status/', ['operations/', 'providers/vic/', 'clients/', 'config/', 'platform/', 'errors/']],
  ['operations/gc/', ['operations/', 'providers/vic/', 'clients/', 'config/', 'platform/', 'errors/']],
  ['operations/', ['clients/', 'kubelet/', 'config/', 'platform/', 'errors/']],
  // What may load at start: the table, the parser, the renderer. Operations come by import() only, checked below.
  ['cli/', ['operations/', 'clients/kubernetes/', 'clients/port-layer/port.ts', 'config/', 'platform/', 'errors/']],
];

const root = resolve(import.meta.dirname, '../../src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly kind: 'static' | 'type' | 'lazy';
}

const imports: readonly Import[] = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found: Import[] = [];
  const add = (kind: Import['kind'], specifier: string): void => {
    if (specifier.startsWith('.')) found.push({ from: file, to: relative(root, resolve(root, dirname(file), specifier)).replaceAll('\\', '/'), kind });
  };
  for (const [, type, specifier = ''] of text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[\w*{][^;]*?\sfrom\s+)?'([^']+)';/gm)) {
    add(type === undefined ? 'static' : 'type', specifier);
  }
  for (const [, specifier = ''] of text.matchAll(/\bimport\('([^']+)'\)/g)) add('lazy', specifier);
  return found;
}

test('the walk over the sources finds them and their imports', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(imports.length).toBeGreaterThan(files.length);
  expect(imports.filter(({ to }) => !files.includes(to))).toEqual([]);
});

describe('every import goes where its room allows', () => {
  test.each(ROOMS)('%s', (room, mayUse) => {
    const offenders = imports
      .filter(({ from, to }) => roomOf(from) === room && !to.startsWith(room))
      .filter(({ to }) => !mayUse.some((prefix) => to.startsWith(prefix)))
      .map(({ from, to }) => `${from} → ${to}`);
    expect(offenders).toEqual([]);
  });

  test('every file belongs to a room', () => {
    expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
  });
});

test('nobody but main imports the sandbox', () => {
  expect(imports.filter(({ from, to }) => to.startsWith('sandbox/') && !from.startsWith('sandbox/') && from !== 'main.ts')).toEqual([]);
});

/** The rooms of the VIC provider, each of which uses those before it. */
const VIC_ROOMS = ['support', 'images', 'vm', 'plan', 'streams', 'tasks', 'files', 'create', 'logs', 'node'];

test('within the VIC provider, too, data walks in one direction', () => {
  const base = 'providers/vic/';
  const room = (file: string): number | undefined => {
    const [name = '', rest] = file.slice(base.length).split('/');
    return rest === undefined ? undefined : VIC_ROOMS.indexOf(name);
  };
  const within = imports.filter(({ from, to }) => from.startsWith(base) && to.startsWith(base));
  const offenders = within.filter(({ from, to }) => room(from) !== undefined && (room(to) ?? Infinity) > room(from)!);
  expect(offenders).toEqual([]);
  expect(new Set(within.flatMap(({ from, to }) => [room(from), room(to)]))).toEqual(new Set([undefined, ...VIC_ROOMS.keys()]));
});

test('the kubelet has never heard of VIC', () => {
  const offenders = files.filter(
    (file) => file.startsWith('kubelet/') && /\bvic\b|\bvch\b|vsphere|port layer/i.test(readFileSync(join(root, file), 'utf8').replaceAll(/'vic'|`vic`/g, '')),
  );
  expect(offenders).toEqual([]);
});

test('there are no cycles', () => {
  const edges = new Map<string, string[]>();
  for (const { from, to, kind } of imports) if (kind === 'static') edges.set(from, [...(edges.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (done.has(file) || path.includes(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});

test('what commands do is loaded when a command runs, not before', () => {
  const eager = imports.filter(
    ({ from, to, kind }) => kind === 'static' && from.startsWith('cli/') && !from.startsWith('cli/commands/') && to.startsWith('operations/'),
  );
  expect(eager).toEqual([]);
});

function roomOf(file: string): string | undefined {
  return ROOMS.find(([room]) => file.startsWith(room))?.[0];
}
