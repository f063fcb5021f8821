import type { Exchange, ReplayOptions } from '../../support/exchange-replay.ts';
import type { RecordedVchOptions } from '../../support/recorded-vch.ts';

export interface ScenarioSettings {
  readonly vch?: RecordedVchOptions;
  readonly except?: NonNullable<ReplayOptions['except']>;
  readonly lax?: NonNullable<ReplayOptions['lax']>;
}

/** Scenarios that cannot be replayed at all, and why. */
export const NOT_REPLAYED: Readonly<Record<string, string>> = {};

type Laxness = NonNullable<ReplayOptions['lax']>;

const unordered =
  (paths: RegExp): Laxness =>
  (exchange: Exchange) =>
    paths.test(exchange.request.path) ? 'unordered' : undefined;

/** Lines of both streams of one moment may come in either order. */
const LOGS = unordered(/\/logs$/);

export const SETTINGS: Readonly<Record<string, ScenarioSettings>> = {
  'annotations-and-odd-values': {},
  'attach-primary': { vch: { hurried: [50_000] }, lax: LOGS },
  endpoints: { lax: unordered(/^\/scopes/) },
  'exec-streams': { vch: { hurried: [50_000] } },
  'image-cache-after-pull': {
    lax: (exchange) => (exchange.request.path.endsWith('/images/create') ? 'shape' : undefined),
  },
  'image-layers': { lax: unordered(/^\/storage/) },
  // Which line is among the last ones depends on how the two streams met; vm-log.test.ts counts them exactly.
  'pod-logs': {
    lax: (exchange) => (Number(exchange.request.query?.['taillines']) > 0 || Number(exchange.request.query?.['since']) > 0 ? 'shape' : LOGS(exchange)),
  },
  'pod-logs-follow': {
    except: {
      21: { how: 'ignore', why: 'how much a client that hangs up has seen depends on the pace of the replay' },
      23: { how: 'ignore', why: 'how far the container has come when it is stopped depends on the pace of the replay' },
    },
  },
  'provider-sequence': {
    except: { 1: { how: 'ignore', why: 'the order of volume stores in /info is random' } },
    lax: (exchange) => (exchange.request.path.endsWith('/images/create') ? 'shape' : undefined),
  },
  scopes: {
    lax: unordered(/^\/scopes/),
    except: { 4: { how: 'skip', why: 'the prefix of the recorded scope id is literal' } },
  },
  'self-description': {
    except: { 0: { how: 'ignore', why: 'the recording holds a summary' }, 1: { how: 'ignore', why: 'the page loads a script from the network' } },
  },
  'signal-and-wait': { lax: LOGS },
  'slow-boot': { vch: { bootMs: 4000 } },
  stats: { vch: { hurried: [20_000] }, lax: (exchange) => (exchange.request.path.endsWith('/stats') ? 'shape' : undefined) },
  events: { lax: (exchange) => (exchange.request.path === '/events' ? 'shape' : undefined) },
  'launch-failure': { lax: (exchange) => (exchange.request.path === '/events' ? 'shape' : undefined) },
  volumes: { lax: (exchange) => (exchange.request.path === '/storage/volumes' && exchange.request.method === 'GET' ? 'unordered' : undefined) },
  'vch-without-volume-stores': { vch: { volumeStores: [] }, except: { 4: { how: 'skip', why: 'the sandbox does not make volumes through the Docker API' } } },
};
