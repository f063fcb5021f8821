import { posix } from 'node:path';
import { checkComputeResource, openExisting, type Opening } from './existing.ts';
import type { Invocation } from './io.ts';
import { shortStatus } from './upgrade-status.ts';

const OPENING: Opening = { title: '### Listing VCHs ####', verb: 'List', outcome: 'list failed', anyDatacenter: true };
const HEADER = ['ID', 'PATH', 'NAME', 'VERSION', 'UPGRADE STATUS'];
const GAP = 8;

/** `vic-machine ls`. Throws CommandFailure. */
export async function ls(run: Invocation): Promise<void> {
  const site = await openExisting(run, OPENING);
  site.session.close();
  const compute = run.flags.text('compute-resource') === '' ? undefined : checkComputeResource(run, site, OPENING);
  const vms = site.vms.filter((vm) => {
    if (compute !== undefined) return vm.cluster === compute.cluster.path;
    return site.datacenter === undefined || vm.datacenter === site.datacenter.name;
  });
  const rows = vms.map((vm) => [vm.id, posix.dirname(vm.poolPath), vm.name, vm.config.version, shortStatus(vm, run.build)]);
  run.io.stdout.write(`\n${table([HEADER, ...rows])}`);
}

/** Columns as Go's text/tabwriter makes them: eight blanks after the widest cell, none after the last column. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => characters(row[column] ?? ''))) + GAP);
  return rows
    .map((row) => `${row.map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - characters(cell)))).join('')}\n`)
    .join('');
}

/** Code points, which is what text/tabwriter counts. */
function characters(text: string): number {
  return Array.from(text).length;
}
