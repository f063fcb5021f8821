import { once } from '../once.ts';
import type { Output, Streams } from '../streams.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface NodeStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The program's streams. A reader that goes away (`vick … | head`) ends the output quietly and stops nothing else. */
export function createStreams(streams: NodeStreams, env: Env): Streams {
  const stdout = once(() => createOutput(streams.stdout, env));
  const stderr = once(() => createOutput(streams.stderr, env));
  // Node sets each stream up when it is first looked at, which takes a while: most commands need one or two of the three.
  return {
    get stdout() {
      return stdout();
    },
    get stderr() {
      return stderr();
    },
    stdin: {
      get isTerminal() {
        return (streams.stdin as { readonly isTTY?: boolean }).isTTY === true;
      },
      readText: () => readAll(streams.stdin),
    },
  };
}

function createOutput(stream: NodeJS.WriteStream, env: Env): Output {
  let open = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    open = false;
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED' && error.code !== 'EIO') throw error;
  });
  // isTTY is undefined, not false, on pipes and files.
  const isTerminal = (stream as { readonly isTTY?: boolean }).isTTY === true;
  return {
    write: (text) => {
      if (open) stream.write(text);
    },
    isTerminal,
    get columns() {
      // A terminal that nobody gave a size says 0.
      return isTerminal && stream.columns > 0 ? stream.columns : 80;
    },
    colour: wantsColour(isTerminal, env),
  };
}

/**
 * NO_COLOR (no-color.org: any value but the empty one) wins over FORCE_COLOR, as it is the wish of a person; FORCE_COLOR
 * (`0` and `false` mean no) wins over what the terminal says.
 */
function wantsColour(isTerminal: boolean, env: Env): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer));
  return Buffer.concat(chunks).toString('utf8');
}
