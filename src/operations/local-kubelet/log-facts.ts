/** What a kubelet's log says of its state (src/operations/kubelet/run.ts, src/kubelet/server/endpoint.ts write the lines). */
import type { FileSystem } from '../../platform/fs.ts';

export interface LogFacts {
  readonly registered: boolean;
  /** Of the kubelet API; undefined: not said. */
  readonly port: number | undefined;
  /** Message of the last line. */
  readonly last: string | undefined;
}

export interface FollowedLog {
  /** Of what was written since it is followed. */
  read(): Promise<LogFacts>;
}

/** From the end that the file has now. */
export async function followLog(path: string, fs: Pick<FileSystem, 'info' | 'readBytes'>): Promise<FollowedLog> {
  const start = (await fs.info(path))?.size ?? 0;
  return {
    read: async () => {
      const info = await fs.info(path);
      if (info === undefined) return factsOf('');
      const bytes = await fs.readBytes(path);
      // A file that is shorter than before is a new one.
      return factsOf(bytes.subarray(bytes.length < start ? 0 : start).toString('utf8'));
    },
  };
}

/** Of the run that the log ends with. */
export async function readLogFacts(path: string, fs: Pick<FileSystem, 'readTextIfExists'>): Promise<LogFacts> {
  const text = (await fs.readTextIfExists(path).catch(() => undefined)) ?? '';
  return factsOf(text.slice(Math.max(0, text.lastIndexOf('msg="starting"'))));
}

function factsOf(text: string): LogFacts {
  const messages = [...text.matchAll(/ msg=("(?:[^"\\]|\\.)*")([^\n]*)/g)];
  const port = messages.findLast(([, message]) => message === '"serving the kubelet API"')?.[2];
  const last = messages.at(-1);
  return {
    registered: messages.some(([, message]) => message === '"node is registered"'),
    port: port === undefined ? undefined : Number(/ port=(\d+)/.exec(port)?.[1] ?? Number.NaN) || undefined,
    last: last === undefined ? undefined : `${JSON.parse(last[1] ?? '""') as string}${last[2] ?? ''}`,
  };
}
