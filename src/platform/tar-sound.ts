/** How far an archive can be read: a reader stops with an error at the first header or content that is damaged or cut. */
const BLOCK = 512;

export interface SoundPart {
  readonly archive: Buffer;
  /** False: something follows that cannot be read. */
  readonly whole: boolean;
  /** The mark of its end was found, which writers of whole archives put there. */
  readonly ended: boolean;
}

export function soundPart(archive: Buffer): SoundPart {
  let at = 0;
  while (at + BLOCK <= archive.length) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return { archive: archive.subarray(0, at), whole: true, ended: true };
    const size = octal(header, 124, 12);
    if (size === undefined || !checked(header)) return { archive: archive.subarray(0, at), whole: false, ended: false };
    const next = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (at + BLOCK + size > archive.length) return { archive: archive.subarray(0, at), whole: false, ended: false };
    at = next;
  }
  return { archive, whole: at >= archive.length, ended: false };
}

/** The sum of the header's bytes with its own field taken as blanks; some writers took bytes for signed. */
function checked(header: Buffer): boolean {
  const stored = octal(header, 148, 8);
  let [sum, signed] = [0, 0];
  for (const [index, byte] of header.entries()) {
    const counted = index >= 148 && index < 156 ? 0x20 : byte;
    sum += counted;
    signed += counted > 127 ? counted - 256 : counted;
  }
  return stored === sum || stored === signed;
}

function octal(header: Buffer, from: number, length: number): number | undefined {
  const text = header
    .toString('latin1', from, from + length)
    .replace(/\0.*$/s, '')
    .trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text === '' ? '0' : text, 8) : undefined;
}
