import { createInflate, type Inflate } from 'node:zlib';
import { DICTIONARY_ID, spdyDictionary } from './dictionary.ts';
import { SpdyProtocolError } from './frames.ts';

/** Names in lower case; several values of one name are joined by NUL. */
export type SpdyHeaders = ReadonlyMap<string, string>;

const MAXIMUM_HEADERS = 1000;
export const MAXIMUM_BLOCK_BYTES = 256 * 1024;
const STORED_BLOCK = 0xffff;

/**
 * The sending half of a connection's header compression. Blocks are stored, not deflated: header blocks here are tiny,
 * a deflate state is 256 KiB for each connection, and what is not compressed cannot leak by its length.
 */
export class HeaderEncoder {
  private started = false;

  encode(headers: SpdyHeaders): Buffer {
    const plain = plainBlock(headers);
    const parts: Buffer[] = [];
    if (!this.started) parts.push(zlibHeader());
    this.started = true;
    for (let at = 0; at < plain.length; at += STORED_BLOCK) parts.push(...storedBlock(plain.subarray(at, at + STORED_BLOCK)));
    // Go's inflater hands nothing on before the next block begins: the flush is an empty one.
    parts.push(...storedBlock(Buffer.alloc(0)));
    return Buffer.concat(parts);
  }
}

/** The receiving half: one inflater for the whole connection. Blocks must be decoded one after the other, in order. */
export class HeaderDecoder {
  private readonly inflate: Inflate = createInflate({ dictionary: spdyDictionary(), chunkSize: 4096 });
  private parts: Buffer[] = [];
  private size = 0;
  private failure: Error | undefined;
  private reject: (error: Error) => void = () => undefined;

  constructor() {
    this.inflate.on('data', (part: Buffer) => {
      this.size += part.length;
      if (this.size > MAXIMUM_BLOCK_BYTES) this.fail(`a header block has more than ${MAXIMUM_BLOCK_BYTES} bytes`);
      else this.parts.push(part);
    });
    this.inflate.on('error', (error) => this.fail(`a header block cannot be inflated: ${error.message}`));
    this.inflate.on('end', () => this.fail('the header compression has ended'));
    this.inflate.on('close', () => this.fail('the header compression is closed'));
  }

  /** Rejects with SpdyProtocolError; after that every block does. */
  async decode(block: Buffer): Promise<SpdyHeaders> {
    if (this.failure !== undefined) throw this.failure;
    if (block.length === 0) throw new SpdyProtocolError('a header block is empty');
    await new Promise<void>((resolve, reject) => {
      this.reject = reject;
      this.inflate.write(block, () => {
        // What is not yet handed on is emitted as data by reading it.
        while (this.inflate.read() !== null);
        resolve();
      });
    });
    const plain = Buffer.concat(this.parts);
    this.parts = [];
    this.size = 0;
    return parseBlock(plain);
  }

  close(): void {
    this.inflate.destroy();
  }

  private fail(message: string): void {
    this.failure ??= new SpdyProtocolError(message);
    this.parts = [];
    this.inflate.destroy();
    this.reject(this.failure);
  }
}

function plainBlock(headers: SpdyHeaders): Buffer {
  const texts = [...headers].flatMap(([name, value]) => [name.toLowerCase(), value]);
  const parts = texts.flatMap((text) => {
    const bytes = Buffer.from(text, 'latin1');
    return [uint32(bytes.length), bytes];
  });
  return Buffer.concat([uint32(headers.size), ...parts]);
}

function parseBlock(block: Buffer): SpdyHeaders {
  let at = 0;
  const number = (): number => {
    if (at + 4 > block.length) throw new SpdyProtocolError('a header block ends too early');
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (at + length > block.length) throw new SpdyProtocolError('a header block ends too early');
    at += length;
    return block.toString('latin1', at - length, at);
  };
  const count = number();
  if (count > MAXIMUM_HEADERS) throw new SpdyProtocolError(`a header block has ${count} headers`);
  const headers = new Map<string, string>();
  for (let index = 0; index < count; index += 1) {
    const name = text().toLowerCase();
    const value = text();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}\0${value}`);
  }
  return headers;
}

/** `0x78 0xbb`: deflate, 32 KiB window, with a dictionary. */
function zlibHeader(): Buffer {
  return Buffer.concat([Buffer.from([0x78, 0xbb]), uint32(DICTIONARY_ID)]);
}

function storedBlock(bytes: Buffer): readonly Buffer[] {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(bytes.length, 1);
  head.writeUInt16LE(bytes.length ^ 0xffff, 3);
  return [head, bytes];
}

function uint32(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(4);
  buffer.writeUInt32BE(value);
  return buffer;
}
