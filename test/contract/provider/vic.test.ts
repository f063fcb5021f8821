import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { PortLayer } from '../../../src/clients/port-layer/port.ts';
import { ISOLATIONS } from '../../../src/providers/vic/support/isolation.ts';
import { providerContract, type Program, type ProviderHarness } from './suite.ts';
import { startVicWorld, VIC_WORLD } from './vic-worlds.ts';

const shell = (script: string): Program => ({ image: 'busybox:latest', command: ['/bin/sh', '-c', script] });

const programs: ProviderHarness['programs'] = {
  sleeps: { image: 'busybox:latest', command: ['sleep', '1000'] },
  exits: (code) => shell(`exit ${String(code)}`),
  ignoresStop: shell("trap '' TERM; echo deaf; while :; do sleep 0.2; done"),
  missing: { image: 'busybox:latest', command: ['/no/such/program'] },
  noImage: { image: 'busybox:nope', command: [] },
};

for (const isolation of ISOLATIONS) {
  providerContract(`vic with a VM for each ${isolation} over ${VIC_WORLD}`, async () => {
    const world = await startVicWorld();
    const { portLayer, sandbox } = world;
    return {
      provider: () => world.provider({ isolation }),
      programs,
      close: () => world.close(),
      deaf: (uid) => saysDeaf(portLayer, uid),
      ...(sandbox === undefined ? {} : { kill: () => sandbox.stop() }),
    };
  });
}

/** Waits until the pod's log has the line that follows the trap. */
async function saysDeaf(portLayer: PortLayer, uid: string): Promise<void> {
  const never = new AbortController().signal;
  await expect
    .poll(
      async () => {
        const vm = (await portLayer.listContainers(never)).find(({ annotations }) => annotations['vick.dev/uid'] === uid);
        const stream = await portLayer.logs(vm?.id ?? '', {}, never);
        return stream === undefined ? '' : await text(stream);
      },
      { timeout: 30_000, interval: 50 },
    )
    .toContain('deaf');
}
