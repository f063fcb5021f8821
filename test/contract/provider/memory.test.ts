import { ProviderFailure } from '../../../src/kubelet/provider.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { MemoryBackend } from '../../support/memory-provider.ts';
import { providerContract, type Program, type ProviderHarness } from './suite.ts';

const program = (...command: string[]): Program => ({ image: 'memory', command });

for (const imagesOf of ['container', 'pod'] as const) {
  providerContract(`memory, images of a ${imagesOf}`, (): Promise<ProviderHarness> => {
    const backend = new MemoryBackend(systemClock);
    backend.missingImages.set('missing', new ProviderFailure('ErrImagePull', 'no such image'));
    return Promise.resolve({
      provider: () => backend.provider(imagesOf),
      programs: {
        sleeps: program('sleep'),
        exits: (code) => program('exit', String(code)),
        ignoresStop: program('ignore-term'),
        missing: program('no-such-program'),
        noImage: { image: 'missing', command: [] },
      },
      deaf: () => Promise.resolve(),
      kill: () => {
        backend.disconnect();
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    });
  });
}
