/** Streams of running tasks and of statistics. */
import type { Readable } from 'node:stream';
import { readLines } from '../../platform/http-exchange.ts';
import { decodeStats } from './decode.ts';
import type { PortLayer, StatsSample } from './port.ts';
import { segment, type Call, type Transport } from './transport.ts';

/** The server looks for a task's connection for 50 s, or until a deadline that it is given. */
const CONNECT_WAIT_MS = 60_000;
/** The head may come with the first samples, a whole interval later. */
const STATS_HEAD_TIMEOUT_MS = 2 * 60_000;

export function sessionCalls(transport: Transport): Pick<PortLayer, 'output' | 'input' | 'closeInput' | 'resizeTerminal' | 'stats'> {
  return {
    output: async (taskId, stream, until, signal): Promise<Readable | undefined> => {
      const query = until === undefined ? {} : { deadline: new Date(until).toISOString() };
      const call: Call = { method: 'GET', path: `/interaction/${segment(taskId)}/${stream}`, query, timeoutMs: CONNECT_WAIT_MS };
      const message = await transport.stream(call, signal, [404]);
      if (message.statusCode !== 404) return message;
      message.resume();
      return undefined;
    },
    input: async (taskId, stream, signal) => {
      const path = `/interaction/${segment(taskId)}/stdin`;
      const answer = await transport.upload({ method: 'POST', path, upload: { data: stream, type: 'application/raw-stream' } }, signal, [404]);
      return answer.status !== 404;
    },
    closeInput: async (taskId, signal) => {
      const call: Call = { method: 'DELETE', path: `/interaction/${segment(taskId)}/stdin`, timeoutMs: CONNECT_WAIT_MS };
      return (await transport.call(call, signal, [404])).status !== 404;
    },
    resizeTerminal: async (taskId, { width, height }, signal) => {
      await transport.call({ method: 'POST', path: `/interaction/${segment(taskId)}/resize`, query: { height, width } }, signal);
    },
    stats: async (id, signal) => {
      // `stream` must be there and changes nothing.
      const call: Call = { method: 'GET', path: `/containers/${segment(id)}/stats`, query: { stream: true }, timeoutMs: STATS_HEAD_TIMEOUT_MS };
      const message = await transport.stream(call, signal, [404]);
      if (message.statusCode !== 404) return samples(message);
      message.resume();
      return undefined;
    },
  };
}

async function* samples(message: Readable): AsyncGenerator<StatsSample> {
  for await (const line of readLines(message)) {
    const sample = decodeStats(line);
    if (sample !== undefined) yield sample;
  }
}
