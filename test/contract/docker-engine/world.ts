import { test } from 'vitest';
import { silentLog } from '../../../src/platform/log.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { detectEngine } from '../../../src/providers/docker/engine-kind.ts';
import { dockerProviderOver, type DockerProvider } from '../../../src/providers/docker/provider.ts';
import { importBusybox } from '../../support/engines/busybox-image.ts';
import { startDockerd } from '../../support/engines/dockerd.ts';
import { clientOf, isUnavailable, type TestEngine } from '../../support/engines/engine.ts';
import { startPodman } from '../../support/engines/podman.ts';

export const never = new AbortController().signal;

/** Runs `tests` over every engine that this machine can have; says why where it cannot. */
export async function overEngines(what: string, tests: (engine: TestEngine) => void): Promise<void> {
  for (const [name, start] of Object.entries({ docker: startDockerd, podman: startPodman })) {
    const engine = await start();
    const lacking = isUnavailable(engine) ? engine : await importBusybox(clientOf(engine));
    if (!isUnavailable(engine) && lacking === undefined) {
      tests(engine);
      continue;
    }
    if (!isUnavailable(engine)) await engine.close();
    test.skip(`${what}: ${name}: ${lacking?.unavailable ?? ''}`, () => undefined);
    process.stderr.write(`skipped: ${what} over ${name}: ${lacking?.unavailable ?? ''}\n`);
  }
}

/** `here` false: as if the folders of the engine were another machine's. */
export async function providerOver(engine: TestEngine, { timeoutMs, here = true }: { timeoutMs?: number; here?: boolean } = {}): Promise<DockerProvider> {
  const client = clientOf(engine, timeoutMs);
  // The little time is for what the provider does.
  const patient = clientOf(engine);
  const facts = await detectEngine(patient, never);
  patient.close();
  return dockerProviderOver(
    {
      ...{ engine: client, nodeName: 'tests', addresses: ['192.0.2.1'], clock: systemClock, log: silentLog, pollMs: 1000, clusterDns: ['10.0.0.10'] },
      ...(here ? { files: nodeFileSystem } : {}),
    },
    facts,
  );
}
