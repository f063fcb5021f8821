/** Docker's frames: 8 bytes that say which stream, and how much, before every piece. */
export const STDOUT = 1;
export const STDERR = 2;

const HEADER_LENGTH = 8;

export function frame(stream: typeof STDOUT | typeof STDERR, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt8(stream);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}
