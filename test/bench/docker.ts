/**
 * What a pod costs on a container engine: its start against the engine's own run of the same image in the same
 * run, one after the other and 50 pods of two containers at once, and the memory per pod.
 */
import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { silentLog } from '../../src/platform/log.ts';
import { systemClock } from '../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../src/platform/node/fs.ts';
import type { ContainerEngine } from '../../src/clients/docker-engine/containers-port.ts';
import { detectEngine } from '../../src/providers/docker/engine-kind.ts';
import { dockerProviderOver, type DockerProvider } from '../../src/providers/docker/provider.ts';
import { BUSYBOX, importBusybox } from '../support/engines/busybox-image.ts';
import { startDockerd } from '../support/engines/dockerd.ts';
import { clientOf, isUnavailable } from '../support/engines/engine.ts';
import { startPodman } from '../support/engines/podman.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../support/kubelet/pod-requests.ts';

const ROUNDS = 15;
const PODS = 50;
const never = new AbortController().signal;
setMaxListeners(0, never);

const command = ['/bin/sh', '-c', "trap 'exit 0' TERM; sleep 3600 & wait"];

/** One JSON document per engine, as soon as it is known. */
export async function main(): Promise<void> {
  for (const [name, start] of Object.entries({ docker: startDockerd, podman: startPodman })) {
    const engine = await start();
    if (isUnavailable(engine)) {
      tell({ [name]: engine });
      continue;
    }
    const client = clientOf(engine);
    try {
      tell({ [name]: (await importBusybox(client)) ?? (await benchEngine(client)) });
    } finally {
      client.close();
      await engine.close();
    }
  }
}

function tell(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
}

async function benchEngine(engine: ContainerEngine): Promise<unknown> {
  const facts = await detectEngine(engine, never);
  const provider = dockerProviderOver(
    { engine, nodeName: 'bench', addresses: ['127.0.0.1'], clock: systemClock, log: silentLog, files: nodeFileSystem },
    facts,
  );
  const imageId = (await provider.images.inspect(BUSYBOX.image, never))?.id;
  const pod = (containers: number): RequestedPod =>
    podRequest(
      Array.from({ length: containers }, (_, index) =>
        containerRequest({ name: `c${String(index)}`, image: BUSYBOX.image, command, ...(imageId === undefined ? {} : { imageId }) }),
      ),
    );
  const [plain, single]: [number[], number[]] = [[], []];
  // In turn, so that a machine that gets slower meanwhile slows both alike; the first round makes the sandbox's image.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const own = await timed(() => plainRun(engine, `bench-${String(round)}`));
    const one = pod(1);
    const took = await timed(() => startPod(provider, one));
    await Promise.all([engine.removeContainer(own.result, never), provider.remove(one.uid, never)]);
    if (round === 0) continue;
    plain.push(own.ms);
    single.push(took.ms);
  }
  const before = await availableKiB();
  const many = Array.from({ length: PODS }, () => pod(2));
  const together = await timed(() => Promise.all(many.map(async (one) => (await timed(() => startPod(provider, one))).ms)));
  const after = await availableKiB();
  await Promise.all(many.map(({ uid }) => provider.remove(uid, never)));
  const [run, start] = [percentiles(plain), percentiles(single)];
  return {
    engine: `${facts.kind} ${facts.version}`,
    podStart: {
      what: 'milliseconds for the sandbox and one container, against create and start of one container on the same engine',
      ...{ rounds: ROUNDS, run, pod: start },
      ratio: { p50: round2(start.p50 / run.p50), p99: round2(start.p99 / run.p99) },
    },
    atOnce: {
      what: `${String(PODS)} pods of two containers`,
      wallMs: Math.round(together.ms),
      podsPerSecond: round2((PODS * 1000) / together.ms),
      ...percentiles(together.result),
    },
    memory: {
      what: "KiB of the machine's memory per pod of two idle containers, its sandbox and their monitors included",
      kibPerPod: Math.round((before - after) / PODS),
    },
  };
}

async function plainRun(engine: ContainerEngine, name: string): Promise<string> {
  const id = await engine.createContainer(name, { Image: BUSYBOX.image, Cmd: command, Labels: {}, HostConfig: { NetworkMode: 'bridge' } }, never);
  await engine.startContainer(id, never);
  return id;
}

async function startPod(provider: DockerProvider, pod: RequestedPod): Promise<void> {
  await provider.create(pod, never);
  await Promise.all(pod.definitions.map(({ name }) => provider.start(startRequest(pod, name), never)));
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const started = performance.now();
  const result = await work();
  return { ms: performance.now() - started, result };
}

async function availableKiB(): Promise<number> {
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1] ?? Number.NaN);
}

function percentiles(values: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => round2(sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN);
  return { p50: at(0.5), p99: at(0.99) };
}

const round2 = (value: number): number => Math.round(value * 100) / 100;
