import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { replay, type Exchange, type ReplayOptions } from '../../support/exchange-replay.ts';
import { REGISTRY, startRecordedVch } from '../../support/recorded-vch.ts';

type Except = NonNullable<ReplayOptions['except']>;

const skip = (why: string, ...indices: readonly number[]): Except => Object.fromEntries(indices.map((index) => [index, { how: 'skip' as const, why }]));
const NO_CONTAINERS = 'the sandbox does not operate containers through the Docker API';

const REPLAYED: Readonly<Record<string, { readonly except?: Except; readonly unordered?: RegExp; readonly shape?: RegExp }>> = {
  'ping-and-versions': { except: skip('creating containers is 501 before its body is looked at', 14) },
  'images-create-errors': {},
  'images-create': { unordered: /images\/json$/, shape: /images\/create$/ },
  images: { unordered: /images\/json$/, except: skip(NO_CONTAINERS, 14) },
  info: { except: { ...skip(NO_CONTAINERS, 14, 15, 16), 17: { how: 'ignore', why: NO_CONTAINERS } } },
};

const NOT_REPLAYED: Readonly<Record<string, string>> = Object.fromEntries(
  ['attach', 'container-life', 'events', 'exec', 'logs', 'not-implemented', 'rejected-options', 'stats', 'volumes'].map((name) => [name, NO_CONTAINERS]),
);

describe.concurrent('recorded exchanges with a Docker personality', () => {
  for (const [name, reason] of Object.entries(NOT_REPLAYED)) it.skip(`${name}: ${reason}`);
  for (const [name, { except, unordered, shape }] of Object.entries(REPLAYED)) {
    it(
      name,
      async () => {
        const exchanges = JSON.parse(readFileSync(new URL(`../../fixtures/docker-personality/${name}.json`, import.meta.url), 'utf8')) as Exchange[];
        const vch = await startRecordedVch();
        try {
          const differences = await replay({
            exchanges,
            main: 'docker-personality',
            servers: { 'port-layer': vch.portLayer, 'docker-personality': vch.personality },
            known: { registry: REGISTRY, 'port-layer': `127.0.0.1:${String(vch.portLayer.port)}`, 'vch-host': 'vch-1' },
            ...(except === undefined ? {} : { except }),
            lax: ({ request }) => (unordered?.test(request.path) === true ? 'unordered' : shape?.test(request.path) === true ? 'shape' : undefined),
          });
          expect(differences).toEqual([]);
        } finally {
          await vch.stop();
        }
      },
      60_000,
    );
  }
});
