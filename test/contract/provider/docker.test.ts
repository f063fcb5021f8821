import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { silentLog } from '../../../src/platform/log.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { detectEngine } from '../../../src/providers/docker/engine-kind.ts';
import { dockerProviderOver, type DockerProvider } from '../../../src/providers/docker/provider.ts';
import { BUSYBOX, importBusybox } from '../../support/engines/busybox-image.ts';
import { startDockerd } from '../../support/engines/dockerd.ts';
import { clientOf, isUnavailable, type TestEngine } from '../../support/engines/engine.ts';
import { startPodman } from '../../support/engines/podman.ts';
import { providerContract, type Program, type ProviderHarness } from './suite.ts';

const shell = (script: string): Program => ({ image: BUSYBOX.image, command: ['/bin/sh', '-c', script] });

const programs: ProviderHarness['programs'] = {
  sleeps: { image: BUSYBOX.image, command: ['/bin/sh', '-c', "trap 'exit 0' TERM; sleep 1000 & wait"] },
  exits: (code) => shell(`exit ${String(code)}`),
  ignoresStop: shell("trap '' TERM; echo deaf; while :; do sleep 0.2; done"),
  missing: { image: BUSYBOX.image, command: ['/no/such/program'] },
  noImage: { image: '127.0.0.1:1/none:1', command: [] },
};

for (const [name, start] of Object.entries({ docker: startDockerd, podman: startPodman })) {
  const engine = await start();
  const lacking = isUnavailable(engine) ? engine : await importBusybox(clientOf(engine));
  if (isUnavailable(engine) || lacking !== undefined) {
    if (!isUnavailable(engine)) await engine.close();
    const reason = (lacking ?? { unavailable: '' }).unavailable;
    test.skip(`provider contract: ${name}: ${reason}`, () => undefined);
    process.stderr.write(`skipped: ${name} provider: ${reason}\n`);
  } else providerContract(`docker over ${name}`, () => harness(engine));
}

async function harness(engine: TestEngine): Promise<ProviderHarness> {
  const never = new AbortController().signal;
  const facts = await detectEngine(clientOf(engine), never);
  const provider = (): DockerProvider =>
    dockerProviderOver({ engine: clientOf(engine), nodeName: 'contract', addresses: ['192.0.2.1'], clock: systemClock, log: silentLog, pollMs: 1000 }, facts);
  const first = provider();
  return {
    provider,
    programs,
    deaf: async (uid) => {
      const options = { follow: false, previous: false, timestamps: false };
      await expect
        .poll(async () => text(await first.logs!.open({ uid, container: 'c0' }, options, never)), { timeout: 30_000, interval: 50 })
        .toContain('deaf');
    },
    kill: () => engine.stop(),
    close: () => engine.close(),
  };
}
