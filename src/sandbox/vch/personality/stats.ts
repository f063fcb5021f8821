/** `GET /containers/{id}/stats`: one statistic, or the latest one again and again. */
import { INTERVAL_S, samples } from '../port-layer/handlers/stats.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import type { Vm } from '../port-layer/vm.ts';
import type { Route } from './api.ts';
import { findContainer } from './containers.ts';
import { formBoolean } from './form-values.ts';
import { goJson } from './go-json.ts';
import { StatsConverter, type VmSample } from './stats-convert.ts';

/** The latest is repeated this often; a sample that is taken in costs one turn. */
const TURN_MS = 500;
const BYTES_PER_MIB = 1024 ** 2;

export const statsHandlers: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/containers\/([^/]+)\/stats$/,
    handle: async ({ state }, call, match) => {
      const vm = findContainer(state, match[1] ?? '');
      if (formBoolean(call.query, 'stream', true)) return { kind: 'bytes', chunks: statistics(state, vm, call.signal) };
      return { kind: 'json', status: 200, value: await oneStatistic(state, vm, call.signal) };
    },
  },
];

async function* statistics(state: PortLayerState, vm: Vm, signal: AbortSignal): AsyncGenerator<string> {
  const converter = converterFor(state, vm);
  const waiting: VmSample[] = [];
  void collect(state, vm, signal, (sample) => {
    waiting.push(sample);
  });
  let latest: object | undefined;
  for (;;) {
    await state.clock.sleep(TURN_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    const sample = waiting.shift();
    if (sample !== undefined) latest = converter.add(sample) ?? latest;
    else if (latest !== undefined) yield `${goJson(latest)}\n`;
  }
}

/** The first there is; it is sent when the next samples are due, however early it came. */
async function oneStatistic(state: PortLayerState, vm: Vm, signal: AbortSignal): Promise<object | undefined> {
  const converter = converterFor(state, vm);
  const stop = new AbortController();
  const over = AbortSignal.any([signal, stop.signal]);
  const due = state.clock.sleep(INTERVAL_S * 1000, signal).catch(() => undefined);
  let first: object | undefined;
  await collect(state, vm, over, (sample) => {
    first ??= converter.add(sample);
    if (first !== undefined) stop.abort();
  });
  await due;
  return first;
}

async function collect({ clock }: PortLayerState, vm: Vm, signal: AbortSignal, take: (sample: VmSample) => void): Promise<void> {
  for await (const line of samples(clock, vm, signal)) take(JSON.parse(line) as VmSample);
}

function converterFor({ facts }: PortLayerState, vm: Vm): StatsConverter {
  // Soon after the creation the record is read again, and the limit is not in it.
  return new StatsConverter(facts.cpuMhz, vm.everStarted ? 0 : vm.config.memoryMB * BYTES_PER_MIB);
}
