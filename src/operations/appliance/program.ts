/** Whose /sbin/virtual-kubelet a file is. */
import { isElf, readElf, type ElfFacts } from './elf.ts';

export type Program =
  /** Our single executable. */
  | { readonly kind: 'vick'; readonly version: string; readonly elf: ElfFacts | undefined }
  /** Our script for Node, which is not enough by itself. */
  | { readonly kind: 'vick-script' }
  /** Built of the Go project github.com/virtual-kubelet/virtual-kubelet. */
  | { readonly kind: 'go-virtual-kubelet'; readonly goVersion: string | undefined; readonly elf: ElfFacts | undefined }
  | { readonly kind: 'other'; readonly what: string; readonly elf: ElfFacts | undefined };

/** The build writes it as the first line of the program (test/tooling/build-sea.mjs). */
const MARK = 'vick-virtual-kubelet/';
const GO_MODULE = 'github.com/virtual-kubelet/virtual-kubelet';
const GO_BUILD = ['Go build ID: "', '\xff Go buildinf:'];

export function identifyProgram(bytes: Buffer): Program {
  if (!isElf(bytes)) return identifyText(bytes);
  const elf = readElf(bytes);
  const version = markedVersion(bytes);
  if (version !== undefined) return { kind: 'vick', version, elf };
  if (!GO_BUILD.some((mark) => bytes.includes(mark, 0, 'latin1'))) return { kind: 'other', what: 'a program of unknown origin', elf };
  if (!bytes.includes(GO_MODULE, 0, 'latin1')) return { kind: 'other', what: 'another Go program', elf };
  return { kind: 'go-virtual-kubelet', goVersion: goVersion(bytes), elf };
}

function identifyText(bytes: Buffer): Program {
  const head = bytes.toString('latin1', 0, 4096);
  if (bytes.length === 0) return { kind: 'other', what: 'an empty file', elf: undefined };
  if (head.startsWith('#!') && /\bnode\b/.test(head.split('\n', 1)[0] ?? '') && head.includes('.virtualKubelet()')) return { kind: 'vick-script' };
  return { kind: 'other', what: head.startsWith('#!') ? 'a script' : 'not a program for Linux', elf: undefined };
}

function markedVersion(bytes: Buffer): string | undefined {
  for (let at = bytes.indexOf(MARK, 0, 'latin1'); at !== -1; at = bytes.indexOf(MARK, at + 1, 'latin1')) {
    const match = /^(\d+\.\d+\.\d+[-+.0-9A-Za-z]*); /.exec(bytes.toString('latin1', at + MARK.length, at + MARK.length + 64));
    if (match?.[1] !== undefined) return match[1];
  }
  return undefined;
}

/** The release of Go that built it, for example `go1.10.3`; every Go program has it as text. */
function goVersion(bytes: Buffer): string | undefined {
  for (let at = bytes.indexOf('go1.', 0, 'latin1'), tries = 0; at !== -1 && tries < 1000; at = bytes.indexOf('go1.', at + 1, 'latin1'), tries += 1) {
    const match = /^go1\.\d{1,2}(?:\.\d{1,2})?/.exec(bytes.toString('latin1', at, at + 12));
    if (match !== null) return match[0];
  }
  return undefined;
}
