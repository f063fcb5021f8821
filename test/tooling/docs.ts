/**
 * The parts of the documentation that are made from the tables the program runs on. Each stands between two comments,
 * `<!-- made: NAME -->` and `<!-- end -->`; a test fails when one is stale, `npm run generate` writes them anew.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TABLE } from '../../src/cli/specs/index.ts';
import { visibleCommands } from '../../src/cli/table.ts';
import { ERROR_CODES, EXIT_CODES } from '../../src/errors/codes.ts';
import { supportOf } from '../../src/providers/docker/support.ts';
import { VIC_AREAS } from '../../src/providers/vic/support/areas.ts';
import { MOCK_ANNOTATIONS } from '../../src/providers/mock/annotations.ts';
import { MOCK_SUPPORT } from '../../src/providers/mock/support.ts';
import { ISOLATION_SUPPORT } from '../../src/providers/vic/support/isolation.ts';
import { vicSupport } from '../../src/providers/vic/support/support.ts';
import { CONTROL_PLANE_DIFFERENCES } from '../../src/sandbox/control-plane/differences.ts';
import { DOCKER_DIFFERENCES } from '../../src/sandbox/engines/docker-differences.ts';
import { DIFFERENCES as VCH_DIFFERENCES } from '../../src/sandbox/vch/differences.ts';
import { SENTINELS as VCH_SENTINELS } from '../../src/sandbox/vch/sentinels.ts';
import { VSPHERE_DIFFERENCES } from '../../src/sandbox/vsphere/differences.ts';
import { SENTINELS as VSPHERE_SENTINELS } from '../../src/sandbox/vsphere/sentinels.ts';

export const PAGES = ['README.md', 'src/sandbox/README.md', 'src/providers/vic/README.md', 'src/providers/mock/README.md', 'src/providers/docker/README.md'];

const PARTS: Readonly<Record<string, () => string>> = {
  commands: () =>
    table(
      ['Command', 'Does'],
      visibleCommands(TABLE).map((spec) => [`\`vick ${spec.path.join(' ')}\``, spec.summary]),
    ),
  'exit-codes': () =>
    table(
      ['Exit code', 'Error codes', 'Outcomes'],
      Object.entries(EXIT_CODES).map(([name, code]) => [
        `${code}`,
        Object.entries(ERROR_CODES)
          .filter(([, facts]) => facts.exit === name)
          .map(([error]) => `\`${error}\``)
          .join(', ') || (name === 'ok' ? 'done' : ''),
        visibleCommands(TABLE)
          .flatMap((spec) => (spec.exits ?? []).filter((exit) => exit.code === name).map(({ when }) => `\`vick ${spec.path.join(' ')}\`: ${when}`))
          .join('; '),
      ]),
    ),
  'control-plane-differences': () =>
    table(
      ['Of', 'Real', 'Here'],
      CONTROL_PLANE_DIFFERENCES.map(({ area, real, here }) => [area, real, here]),
    ),
  'vsphere-differences': () =>
    table(
      ['Of', 'Real', 'Here'],
      VSPHERE_DIFFERENCES.map(({ area, real, standIn }) => [area, real, standIn]),
    ),
  'vch-differences': () =>
    table(
      ['Of', 'Real', 'Here'],
      VCH_DIFFERENCES.map(({ part, real, sandbox }) => [part, real, sandbox]),
    ),
  'docker-engine-differences': () =>
    table(
      ['Real', 'Here'],
      DOCKER_DIFFERENCES.map(({ real, sandbox }) => [real, sandbox]),
    ),
  'vsphere-sentinels': () =>
    table(
      ['VCH name', 'What fails'],
      VSPHERE_SENTINELS.map((sentinel) => [`\`${sentinel.name}\``, sentinel.fails]),
    ),
  'vch-sentinels': () =>
    table(
      ['Where', 'What', 'Effect'],
      VCH_SENTINELS.map(({ where, value, effect }) => [where, `\`${value}\``, effect]),
    ),
  areas: () =>
    table(
      ['Area', 'Support', 'How'],
      VIC_AREAS.map(({ area, support, note }) => [area, support, note]),
    ),
  'mock-annotations': () =>
    table(
      ['Setting', 'Of', 'Value', 'When it is not set', 'Effect'],
      MOCK_ANNOTATIONS.map(({ setting, of, value, unset, effect }) => [`\`${setting}\``, of, value, unset, effect]),
    ),
  'mock-support': () =>
    table(
      ['Field', 'Support', 'Note'],
      MOCK_SUPPORT.map((entry) => [`\`${entry.field}\``, entry.support, entry.note ?? '']),
    ),
  'docker-support': () => {
    const docker = supportOf({ kind: 'docker', rootless: false });
    const beside = (what: string, facts: Parameters<typeof supportOf>[0]): readonly string[][] =>
      supportOf(facts)
        .filter(({ field, support, note }) => !docker.some((entry) => entry.field === field && entry.support === support && entry.note === note))
        .map((entry) => [`\`${entry.field}\``, `${what}: ${entry.support}`, entry.note ?? '']);
    return table(
      ['Field', 'Support', 'Note'],
      [
        ...docker.map((entry) => [`\`${entry.field}\``, entry.support, entry.note ?? '']),
        ...beside('Podman', { kind: 'podman', rootless: false }),
        ...beside('without root', { kind: 'docker', rootless: true }),
      ],
    );
  },
  support: () =>
    table(
      ['Field', 'Support', 'Note'],
      vicSupport('pod').map((entry) => [`\`${entry.field}\``, entry.support, entry.note ?? '']),
    ),
  'support-by-container': () =>
    table(
      ['Field', 'Support', 'Note'],
      ISOLATION_SUPPORT.container.map((entry) => [`\`${entry.field}\``, entry.support, entry.note ?? '']),
    ),
};

/** `text` with every made part as it should be. Throws for a part that nobody makes. */
export function withParts(text: string): string {
  return text.replaceAll(/<!-- made: ([\w-]+) -->\n[\s\S]*?<!-- end -->/g, (_whole, name: string) => {
    const make = PARTS[name];
    if (make === undefined) throw new Error(`nothing makes the part "${name}"`);
    return `<!-- made: ${name} -->\n\n${make()}\n\n<!-- end -->`;
  });
}

export async function main(root: string): Promise<void> {
  for (const page of PAGES) {
    const path = join(root, page);
    await writeFile(path, withParts(await readFile(path, 'utf8')));
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
