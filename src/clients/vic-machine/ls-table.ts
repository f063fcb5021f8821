/** The table that `vic-machine ls` prints (vmware/vic cmd/vic-machine/list/list.go, text/tabwriter with padding 8). */
import { parseVersion, type VicVersion } from './version.ts';

export interface VchListing {
  /** Managed object id: `vm-29`. */
  readonly id: string;
  /** Parent pool, or the cluster where DRS is off. */
  readonly path: string;
  readonly name: string;
  readonly version: VicVersion;
  /** As printed: `Up to date`, `Upgradeable to …`, `VCH has newer version`, `Upgrade in progress`, `Unknown: …`. */
  readonly upgradeStatus: string;
}

const TITLES = ['ID', 'PATH', 'NAME', 'VERSION', 'UPGRADE STATUS'] as const;

/** The rows below the header; undefined when there is no header, so that "no VCH" and "no answer" differ. */
export function parseListTable(lines: readonly string[]): readonly VchListing[] | undefined {
  const header = lines.findIndex((line) => /^ID +PATH +NAME +VERSION +UPGRADE STATUS *$/.test(line));
  const title = lines[header];
  if (title === undefined) return undefined;
  const starts = columnStarts(title);
  return lines.slice(header + 1).flatMap((line) => {
    const row = parseRow(line, starts);
    return row === undefined ? [] : [row];
  });
}

function columnStarts(header: string): readonly number[] {
  let from = 0;
  return TITLES.map((title) => {
    const at = header.indexOf(title, from);
    from = at + title.length;
    return at;
  });
}

/**
 * Cells start where the header's titles do: names and paths may hold spaces. Where a wide character has shifted a row,
 * the padding of eight spaces still separates the cells.
 */
function parseRow(line: string, starts: readonly number[]): VchListing | undefined {
  if (line.trim() === '') return undefined;
  const aligned = starts.every((start) => start === 0 || line[start - 1] === ' ');
  const cells = aligned ? starts.map((start, index) => line.slice(start, starts[index + 1]).trim()) : line.split(/ {8,}/).map((cell) => cell.trim());
  const [id = '', path = '', name = '', version = '', upgradeStatus = ''] = cells;
  if (id === '' || name === '') return undefined;
  return { id, path, name, version: parseVersion(version), upgradeStatus };
}
