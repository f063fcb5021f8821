import type { FileSystem } from '../../platform/fs.ts';
import { failed, passed, skipped, warned, type Check, type CheckName } from '../preflight/check.ts';
import type { ElfFacts } from './elf.ts';
import { openImage, type OpenImage } from './image.ts';
import { checkLibraries } from './libraries.ts';
import { identifyProgram, type Program } from './program.ts';
import type { RootTree, TreeFile } from './root-tree.ts';

export interface ApplianceReport {
  readonly image: Omit<OpenImage, 'root'>;
  /** Undefined: there is no /sbin/virtual-kubelet. */
  readonly program: FoundProgram | undefined;
  readonly checks: readonly Check[];
  /**
   * `good`: vick's executable is there and has what it needs · `absent`: nothing is there · `foreign`: another program is
   * there · `unusable`: vick's is there and would not start.
   */
  readonly verdict: 'good' | 'absent' | 'foreign' | 'unusable';
}

interface FoundProgram {
  readonly path: string;
  readonly size: number;
  readonly kind: Program['kind'];
  readonly version: string | undefined;
  readonly architecture: string | undefined;
  /** The version of glibc that it was built for. */
  readonly glibc: string | undefined;
}

const KUBELET = '/sbin/virtual-kubelet';
const STARTER = '/sbin/kubelet-starter';
/** Endpoint VMs are 64-bit Intel. */
const ARCHITECTURE = 'x64';

const CHECKS = {
  program: { name: 'virtual-kubelet', title: `${KUBELET} is vick's` },
  executable: { name: 'executable', title: 'it may be executed' },
  architecture: { name: 'architecture', title: 'it is for the processor of an endpoint VM' },
  libraries: { name: 'libraries', title: 'the image has the shared libraries it needs' },
  starter: { name: 'kubelet-starter', title: `${STARTER} is there to start it` },
} as const satisfies Record<string, CheckName>;

/** Looks into an image without running anything of it. Throws as openImage does; what is wrong inside is in the report. */
export async function checkAppliance(path: string, deps: { readonly fs: FileSystem; readonly version: string }, signal: AbortSignal): Promise<ApplianceReport> {
  const { root, ...image } = await openImage(path, deps.fs, signal);
  const file = await root.file(KUBELET);
  const bytes = await file?.data();
  const program = bytes === undefined ? undefined : identifyProgram(bytes);
  const starter = await checkStarter(root);
  if (file === undefined || program === undefined) {
    const absent = failed(
      CHECKS.program,
      'PREFLIGHT',
      `there is no ${KUBELET} in it`,
      'Build the image with dist/virtual-kubelet (npm run build:sea), or use appliance-vkubelet.iso.',
    );
    const reason = 'there is no program';
    return {
      image,
      program: undefined,
      checks: [absent, ...[CHECKS.executable, CHECKS.architecture, CHECKS.libraries].map((each) => skipped(each, reason)), starter],
      verdict: 'absent',
    };
  }
  const elf = 'elf' in program ? program.elf : undefined;
  const libraries = elf === undefined ? undefined : await checkLibraries(elf, root);
  const checks = [checkProgram(program, deps.version), checkMode(file), checkArchitecture(elf), checkShared(elf, libraries), starter];
  return {
    image,
    program: {
      path: file.path,
      size: file.size,
      kind: program.kind,
      version: program.kind === 'vick' ? program.version : undefined,
      architecture: elf?.architecture,
      glibc: libraries?.glibc,
    },
    checks,
    verdict: verdictOf(program, checks),
  };
}

function verdictOf(program: Program, checks: readonly Check[]): ApplianceReport['verdict'] {
  if (program.kind !== 'vick' && program.kind !== 'vick-script') return 'foreign';
  return checks.some(({ status }) => status === 'fail') ? 'unusable' : 'good';
}

function checkProgram(program: Program, own: string): Check {
  switch (program.kind) {
    case 'vick':
      return program.version === own
        ? passed(CHECKS.program, `vick ${program.version}`)
        : warned(CHECKS.program, `vick ${program.version}; this is vick ${own}`, 'Put the executable of this version into the image.');
    case 'vick-script':
      return failed(
        CHECKS.program,
        'PREFLIGHT',
        "vick's script for Node, which an endpoint VM does not have",
        'Put the single executable there: npm run build:sea.',
      );
    case 'go-virtual-kubelet':
      return failed(
        CHECKS.program,
        'PREFLIGHT',
        `the Go preview of virtual-kubelet${program.goVersion === undefined ? '' : ` (${program.goVersion})`}`,
        'Replace it with dist/virtual-kubelet (npm run build:sea); it takes the same arguments and environment.',
      );
    case 'other':
      return failed(CHECKS.program, 'PREFLIGHT', `not virtual-kubelet: ${program.what}`, 'Replace it with dist/virtual-kubelet (npm run build:sea).');
  }
}

function checkMode({ mode }: TreeFile): Check {
  const octal = mode.toString(8).padStart(4, '0');
  return (mode & 0o100) !== 0
    ? passed(CHECKS.executable, octal)
    : failed(CHECKS.executable, 'PREFLIGHT', `its mode is ${octal}`, 'chmod 0755 it before the image is built.');
}

function checkArchitecture(elf: ElfFacts | undefined): Check {
  if (elf === undefined) return skipped(CHECKS.architecture, 'it is no ELF program that can be read');
  if (elf.architecture === ARCHITECTURE) return passed(CHECKS.architecture, elf.architecture);
  return failed(
    CHECKS.architecture,
    'PREFLIGHT',
    `it is for ${elf.architecture}, and endpoint VMs are ${ARCHITECTURE}`,
    'Build it with a Node for linux-x64: npm run build:sea -- --node PATH.',
  );
}

function checkShared(elf: ElfFacts | undefined, found: Awaited<ReturnType<typeof checkLibraries>> | undefined): Check {
  if (elf === undefined || found === undefined) return skipped(CHECKS.libraries, 'it is no ELF program that can be read');
  const problems = [
    ...(found.missing.length === 0 ? [] : [`missing: ${found.missing.join(', ')}`]),
    ...found.tooOld.map(({ library, needed, found: has }) => `${library} is ${has}, and ${needed} is needed`),
  ];
  if (problems.length > 0) {
    return failed(
      CHECKS.libraries,
      'PREFLIGHT',
      problems.join('; '),
      'Build it with a Node for an older glibc (npm run build:sea -- --node PATH), or add the libraries to the image.',
    );
  }
  return passed(
    CHECKS.libraries,
    elf.libraries.length === 0 ? 'it needs none' : `${elf.libraries.length} found${found.glibc === undefined ? '' : `, glibc ${found.glibc} or newer`}`,
  );
}

async function checkStarter(root: RootTree): Promise<Check> {
  const starter = await root.file(STARTER);
  if (starter === undefined) {
    return failed(
      CHECKS.starter,
      'PREFLIGHT',
      `there is no ${STARTER} in it, so nothing starts the kubelet`,
      'Use the image of the feature/wolfpack line: appliance-vkubelet.iso.',
    );
  }
  return (starter.mode & 0o100) !== 0
    ? passed(CHECKS.starter)
    : failed(CHECKS.starter, 'PREFLIGHT', `${STARTER} may not be executed`, 'chmod 0755 it before the image is built.');
}
