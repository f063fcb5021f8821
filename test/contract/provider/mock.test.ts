import { MockBackEnd } from '../../../src/providers/mock/back-end.ts';
import { podAddresses } from '../../../src/providers/mock/addresses.ts';
import { mockProvider } from '../../../src/providers/mock/provider.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { systemRandom } from '../../../src/platform/node/random.ts';
import { providerContract, type Program, type ProviderHarness } from './suite.ts';

const program = (...command: string[]): Program => ({ image: 'busybox', command });

providerContract('mock', (): Promise<ProviderHarness> => {
  const back = new MockBackEnd({ clock: systemClock, random: systemRandom, podAddresses: podAddresses('10.244.0.0/24') });
  return Promise.resolve({
    provider: () => mockProvider(back, { nodeName: 'contract', addresses: ['192.0.2.1'], clock: systemClock }),
    programs: {
      sleeps: program('sleep', '1000'),
      exits: (code) => program('sh', '-c', `exit ${String(code)}`),
      ignoresStop: program('sh', '-c', "trap '' TERM; sleep 1000"),
      missing: {
        ...program('/no/such/program'),
        annotations: { 'mock.vick.dev/exit-code': '127', 'mock.vick.dev/exit-reason': 'StartError', 'mock.vick.dev/exit-message': 'no such file' },
      },
      noImage: { ...program(), annotations: { 'mock.vick.dev/start-error': 'ErrImagePull: no such image' } },
    },
    deaf: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
});
