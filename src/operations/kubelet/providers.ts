import { VickError } from '../../errors/vick-error.ts';
import type { Cluster } from '../../kubelet/cluster.ts';
import type { Log } from '../../platform/log.ts';
import type { BackEnd } from './back-end.ts';
import { resolveDockerOptions } from './docker-options.ts';
import { resolveMockOptions } from './mock-options.ts';
import { pickFrom, resolveKubeletOptions, type KubeletInput } from './options.ts';
import type { KubeletTools } from './port.ts';
import type { KubeletSettings } from './settings.ts';

interface ProviderChoice<S extends KubeletSettings> {
  /** Pure. KUBELET_CONFIG says what is wrong and where it was said. */
  readonly resolve: (input: KubeletInput) => S;
  readonly open: (settings: S, around: Surroundings, signal: AbortSignal) => Promise<BackEnd>;
}

/** What a back end is opened with. */
export interface Surroundings {
  readonly tools: KubeletTools;
  readonly log: Log;
  /** Connected to when it is first asked something. */
  readonly cluster: Cluster;
}

type Providers = { readonly [Name in KubeletSettings['provider']]: ProviderChoice<Extract<KubeletSettings, { readonly provider: Name }>> };

/** What `--provider` may be. The code of each is loaded when it is chosen. */
const PROVIDERS: Providers = {
  vic: {
    resolve: resolveKubeletOptions,
    open: async (settings, { tools, log }) => (await import('./vic-back-end.ts')).openVicBackEnd(settings, tools, log),
  },
  docker: {
    resolve: resolveDockerOptions,
    open: async (settings, { tools, log }, signal) => (await import('./docker-back-end.ts')).openDockerBackEnd(settings, tools, log, signal),
  },
  mock: {
    resolve: resolveMockOptions,
    open: async (settings, { tools, cluster }) => (await import('./mock-back-end.ts')).openMockBackEnd(settings, tools, cluster),
  },
};

/** Settings for the provider that was asked for; `vic` when none was. */
export function resolveSettings(input: KubeletInput): KubeletSettings {
  const asked = pickFrom(input)('provider');
  if (asked === undefined) return PROVIDERS.vic.resolve(input);
  if (isProvider(asked.value)) return PROVIDERS[asked.value].resolve(input);
  throw new VickError('KUBELET_CONFIG', `${asked.source}: there is no provider "${asked.value}"`, { hint: `Providers: ${Object.keys(PROVIDERS).join(', ')}.` });
}

export async function openBackEnd(settings: KubeletSettings, around: Surroundings, signal: AbortSignal): Promise<BackEnd> {
  // Each kind of settings goes with its own provider, which a union of all cannot say.
  const choice = PROVIDERS[settings.provider] as ProviderChoice<KubeletSettings>;
  return await choice.open(settings, around, signal);
}

function isProvider(name: string): name is KubeletSettings['provider'] {
  return Object.hasOwn(PROVIDERS, name);
}
