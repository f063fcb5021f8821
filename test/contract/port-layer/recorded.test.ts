import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { replay, type Exchange } from '../../support/exchange-replay.ts';
import { REGISTRY, startRecordedVch, type RecordedVchOptions } from '../../support/recorded-vch.ts';
import { NOT_REPLAYED, SETTINGS } from './scenarios.ts';

const folder = new URL('../../fixtures/port-layer/', import.meta.url);
const scenarios = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));

describe.concurrent('recorded exchanges with a port layer', () => {
  for (const name of scenarios) {
    const { vch = {}, except = {}, lax }: (typeof SETTINGS)[string] = SETTINGS[name] ?? {};
    const reason = NOT_REPLAYED[name];
    if (reason !== undefined) {
      it.skip(`${name}: ${reason}`);
      continue;
    }
    it(
      name,
      async () => {
        const exchanges = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Exchange[];
        expect(await replayed(exchanges, vch, except, lax)).toEqual([]);
      },
      60_000,
    );
  }
});

async function replayed(
  exchanges: readonly Exchange[],
  vch: RecordedVchOptions,
  except: NonNullable<(typeof SETTINGS)[string]['except']>,
  lax: (typeof SETTINGS)[string]['lax'],
): Promise<readonly string[]> {
  const running = await startRecordedVch(vch);
  try {
    const portLayer = { host: running.portLayer.host, port: running.portLayer.port };
    const personality = { host: running.personality.host, port: running.personality.port };
    return await replay({
      exchanges,
      main: 'port-layer',
      servers: { 'port-layer': portLayer, 'docker-personality': personality },
      known: { registry: REGISTRY, 'port-layer': `127.0.0.1:${String(portLayer.port)}`, 'vch-host': 'vch-1' },
      except,
      ...(lax === undefined ? {} : { lax }),
    });
  } finally {
    await running.stop();
  }
}
