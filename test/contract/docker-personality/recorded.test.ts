import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { replay, type Exchange, type ReplayOptions } from '../../support/exchange-replay.ts';
import { REGISTRY, startRecordedVch } from '../../support/recorded-vch.ts';

type Except = NonNullable<ReplayOptions['except']>;

interface Settings {
  readonly except?: Except;
  readonly unordered?: RegExp;
  readonly shape?: RegExp;
  readonly kinds?: RegExp;
  readonly hurried?: readonly number[];
}

const LAST_LINE = { how: 'ignore', why: 'which of two lines of one moment is the last' } as const;

const REPLAYED: Readonly<Record<string, Settings>> = {
  'ping-and-versions': {},
  'images-create-errors': {},
  'images-create': { unordered: /images\/json$/, shape: /images\/create$/ },
  images: { unordered: /images\/json$/ },
  info: { except: { 17: { how: 'ignore', why: 'the processes of this machine use memory' } } },
  'container-life': {
    except: { 19: { how: 'ignore', why: 'for how long an address is told after the end is a matter of pace' } },
  },
  'not-implemented': {},
  'rejected-options': {},
  // Lines of both streams of one moment may come in either order, and it decides which one is the last.
  logs: { unordered: /logs$/, except: { 9: { how: 'ignore', why: 'which lines fall into a second' }, 10: LAST_LINE, 12: LAST_LINE } },
  attach: {},
  events: { unordered: /images\/s2:x$/ },
  exec: {},
  // Names of devices and their figures are those of a simulated vSphere; the cadence is 100 times as fast.
  stats: {
    kinds: /stats$/,
    hurried: [20_000, 500],
    except: { 5: { how: 'ignore', why: 'a simulated vSphere invents figures for what is off, where there is nothing to measure' } },
  },
  volumes: { unordered: /volumes$|json$/ },
};

describe.concurrent('recorded exchanges with a Docker personality', () => {
  for (const [name, { except, unordered, shape, kinds, hurried }] of Object.entries(REPLAYED)) {
    it(
      name,
      async () => {
        const exchanges = JSON.parse(readFileSync(new URL(`../../fixtures/docker-personality/${name}.json`, import.meta.url), 'utf8')) as Exchange[];
        const vch = await startRecordedVch(hurried === undefined ? {} : { hurried });
        try {
          const differences = await replay({
            exchanges,
            main: 'docker-personality',
            servers: { 'port-layer': vch.portLayer, 'docker-personality': vch.personality },
            known: { registry: REGISTRY, 'port-layer': `127.0.0.1:${String(vch.portLayer.port)}`, 'vch-host': 'vch-1' },
            ...(except === undefined ? {} : { except }),
            lax: ({ request: { path } }) =>
              unordered?.test(path) === true ? 'unordered' : shape?.test(path) === true ? 'shape' : kinds?.test(path) === true ? 'kinds' : undefined,
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
