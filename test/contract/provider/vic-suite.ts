import { afterAll, beforeAll } from 'vitest';
import type { VicProvider, VicProviderOptions } from '../../../src/providers/vic/provider.ts';
import { startVicWorld, type VicWorld } from './vic-worlds.ts';

export interface VicSuite {
  /** The VCH that the suite's tests share, with the images busybox:latest and alpine:3.8. */
  readonly world: VicWorld;
  readonly provider: VicProvider;
  /** UIDs of pods that are removed when the suite ends, whatever has become of its tests. */
  readonly made: string[];
}

/** For the body of a `describe`: a VCH and a provider for its tests. */
export function useVicSuite(options: Partial<VicProviderOptions> = {}): VicSuite {
  const made: string[] = [];
  let suite: { readonly world: VicWorld; readonly provider: VicProvider } | undefined;
  const opened = () => {
    if (suite === undefined) throw new Error('the tests have not begun');
    return suite;
  };
  beforeAll(async () => {
    const world = await startVicWorld();
    const provider = world.provider(options);
    suite = { world, provider };
    for (const reference of ['busybox:latest', 'alpine:3.8']) await provider.images!.pull({ reference }, new AbortController().signal);
  });
  afterAll(async () => {
    if (suite === undefined) return;
    const { world, provider } = suite;
    for (const uid of made) await provider.remove(uid, new AbortController().signal);
    await world.close();
  });
  return {
    made,
    get world() {
      return opened().world;
    },
    get provider() {
      return opened().provider;
    },
  };
}
