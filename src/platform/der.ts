/** Distinguished Encoding Rules of ASN.1 (X.690), as much of them as certificate requests need. No I/O. */

/** Universal tags in their encoded form; SEQUENCE and SET are constructed. */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One element: its tag, its content, and the whole of it as encoded. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly raw: Buffer;
}

/** Thrown for bytes that are no DER; says what was wrong. */
export class DerError extends Error {}

const MAX_LENGTH_BYTES = 4;

export function encodeDer(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

export function encodeOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encodeDer(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

export function decodeOid(content: Buffer): string {
  const arcs: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(value);
    value = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...rest].join('.');
}

/** The only element of `data`. Throws DerError when it is cut off or followed by something. */
export function readOne(data: Buffer): DerElement {
  const [element, ...rest] = readAll(data);
  if (element === undefined || rest.length > 0) throw new DerError(element === undefined ? 'nothing there' : 'trailing data');
  return element;
}

/** The elements of `data`, one after the other. Throws DerError. */
export function readAll(data: Buffer): readonly DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < data.length;) {
    const element = readAt(data, at);
    elements.push(element);
    at += element.raw.length;
  }
  return elements;
}

/** The elements inside a constructed one of that tag. Throws DerError when it is absent or another. */
export function membersOf(element: DerElement | undefined, tag: number): readonly DerElement[] {
  if (element?.tag !== tag) throw new DerError(`expected tag ${tag}, found ${element?.tag ?? 'nothing'}`);
  return readAll(element.content);
}

function readAt(data: Buffer, at: number): DerElement {
  const tag = data[at];
  const first = data[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('unexpected end');
  if ((tag & 0x1f) === 0x1f) throw new DerError('tags of several bytes are not supported');
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const bytes = first & 0x7f;
    if (bytes === 0 || bytes > MAX_LENGTH_BYTES || start + bytes > data.length) throw new DerError('bad length');
    length = data.readUIntBE(start, bytes);
    start += bytes;
  }
  if (start + length > data.length) throw new DerError('unexpected end');
  return { tag, content: data.subarray(start, start + length), raw: data.subarray(at, start + length) };
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function base128(arc: number): number[] {
  const bytes = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) bytes.unshift((left % 128) | 0x80);
  return bytes;
}
