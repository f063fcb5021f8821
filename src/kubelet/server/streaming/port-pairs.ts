import type { Clock } from '../../../platform/clock.ts';
import { RESET } from '../../../platform/spdy/frames.ts';
import type { SpdyStream } from '../../../platform/spdy/stream.ts';
import { parsePort } from './port-connection.ts';

export interface PortPair {
  readonly port: number;
  readonly data: SpdyStream;
  readonly error: SpdyStream;
}

interface HalfPair {
  readonly streams: Map<string, SpdyStream>;
  readonly cancel: () => void;
}

export interface PortPairsOptions {
  readonly clock: Clock;
  readonly creationMs: number;
  readonly onPair: (pair: PortPair) => void;
}

/** Brings the error and the data stream of every forwarded connection together (pkg/kubelet: httpStreamHandler). */
export class PortPairs {
  private readonly options: PortPairsOptions;
  private readonly halves = new Map<string, HalfPair>();

  constructor(options: PortPairsOptions) {
    this.options = options;
  }

  take(stream: SpdyStream): 'accept' | number {
    const type = stream.headers.get('streamtype')?.toLowerCase();
    const port = parsePort(stream.headers.get('port'));
    if ((type !== 'data' && type !== 'error') || port === undefined) return RESET.protocolError;
    const id = requestId(stream, type);
    const half = this.halves.get(id) ?? this.begin(id);
    if (half.streams.has(type)) return RESET.protocolError;
    half.streams.set(type, stream);
    const [data, error] = [half.streams.get('data'), half.streams.get('error')];
    if (data === undefined || error === undefined) return 'accept';
    this.drop(id);
    this.options.onPair({ port: parsePort(data.headers.get('port')) ?? port, data, error });
    return 'accept';
  }

  close(): void {
    for (const id of [...this.halves.keys()]) this.drop(id);
  }

  private begin(id: string): HalfPair {
    const cancel = this.options.clock.schedule(this.options.creationMs, () => this.expire(id));
    const half = { streams: new Map<string, SpdyStream>(), cancel };
    this.halves.set(id, half);
    return half;
  }

  private drop(id: string): void {
    this.halves.get(id)?.cancel();
    this.halves.delete(id);
  }

  private expire(id: string): void {
    const streams = this.halves.get(id)?.streams;
    this.halves.delete(id);
    streams?.get('data')?.reset(RESET.cancel);
    streams?.get('error')?.end('timed out waiting for streams');
  }
}

/** Old clients send no id: their data stream is the one after the error stream, two numbers on. */
function requestId(stream: SpdyStream, type: 'data' | 'error'): string {
  return stream.headers.get('requestid') ?? `stream ${type === 'error' ? stream.id : stream.id - 2}`;
}
