/** The two messages of grpc.health.v1 (github.com/grpc/grpc-proto, grpc/health/v1/health.proto) and gRPC's frame around them. */

/** `HealthCheckRequest { string service = 1; }` in one uncompressed frame. */
export function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;

/** Status of the first frame, `HealthCheckResponse { ServingStatus status = 1; }`, by name. Throws for anything else. */
export function decodeHealthResponse(bytes: Buffer): string {
  const length = bytes.length < 5 ? -1 : bytes.readUInt32BE(1);
  if (length < 0 || bytes.length < 5 + length) throw new Error('the answer ends within a message');
  if (bytes[0] !== 0) throw new Error('the answer is compressed, which was not asked for');
  const message = bytes.subarray(5, 5 + length);
  let status = 0;
  for (let at = 0; at < message.length;) {
    const tag = readVarint(message, at);
    const field = tag.value >> 3n;
    const wire = Number(tag.value & 7n);
    if (wire === 0) {
      const value = readVarint(message, tag.next);
      if (field === 1n) status = Number(BigInt.asIntN(32, value.value));
      at = value.next;
    } else {
      at = skip(message, wire, tag.next);
    }
  }
  return STATUSES[status] ?? String(status);
}

function skip(message: Buffer, wire: number, at: number): number {
  const size = wire === 2 ? readVarint(message, at) : undefined;
  const next = size !== undefined ? size.next + Number(size.value) : wire === 1 ? at + 8 : wire === 5 ? at + 4 : Number.NaN;
  if (!(next <= message.length)) throw new Error('the answer is not a health message');
  return next;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function readVarint(message: Buffer, start: number): { readonly value: bigint; readonly next: number } {
  let value = 0n;
  for (let at = start; at < message.length && at < start + 10; at += 1) {
    const byte = message[at] ?? 0;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start));
    if (byte < 0x80) return { value, next: at + 1 };
  }
  throw new Error('the answer is not a health message');
}
