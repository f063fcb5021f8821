/** A port layer and a personality in the state in which the recorded scenarios start. */
import { readFileSync } from 'node:fs';
import { rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/platform/clock.ts';
import { silentLog } from '../../src/platform/log.ts';
import { systemClock } from '../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../src/platform/node/fs.ts';
import { systemRandom } from '../../src/platform/node/random.ts';
import { nodeProcessTable, nodeSpawner } from '../../src/platform/node/spawner.ts';
import { createProcessEngine } from '../../src/sandbox/engines/process.ts';
import { CATALOGUE, createRegistry, type CatalogueRepository } from '../../src/sandbox/vch/catalogue.ts';
import { startPersonality, type RunningPersonality } from '../../src/sandbox/vch/personality/personality.ts';
import { startPortLayer, type RunningPortLayer } from '../../src/sandbox/vch/port-layer/port-layer.ts';

const BIOS_UUID = '564d395e-d807-e18a-cb25-b79f65eb2b9f';
export const REGISTRY = 'registry.sandbox.example:5000';

export interface RecordedVch {
  readonly portLayer: RunningPortLayer;
  readonly personality: RunningPersonality;
  readonly directory: string;
  stop(): Promise<void>;
}

export interface RecordedVchOptions {
  readonly bootMs?: number;
  readonly volumeStores?: readonly string[];
  /** Waits of exactly these lengths (ms) take a hundredth. */
  readonly hurried?: readonly number[];
  readonly simulatedVsphere?: boolean;
}

const fixture = (name: string): unknown => JSON.parse(readFileSync(new URL(`../fixtures/port-layer/${name}.json`, import.meta.url), 'utf8')) as unknown;

/** The images that were in the cache when every recording began. */
function seededDocuments(): readonly { readonly Key: string; readonly Value: string }[] {
  const [images, repositories] = fixture('image-metadata-kv') as { response: { body: { Key: string; Value: string } } }[];
  return [images!.response.body, repositories!.response.body];
}

const CATALOGUE_ALPINE = CATALOGUE.find((entry) => entry.repository === 'library/alpine')?.ids;

const RECORDED_REPOSITORIES: readonly CatalogueRepository[] = [
  {
    repository: 'library/alpine',
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['/bin/sh'] },
    size: 115,
    unpacked: 19,
    ids: {
      '3.8': {
        ...CATALOGUE_ALPINE!['3.8']!,
        blobSum: 'sha256:bf21e0cb371789ae11a3a5088590fa4233df6c8b75f8db07596962fc2ec20853',
        diffId: 'sha256:0f1c95335f7e50e12c02f252d3d52c4a290dc5f368c390256a78187b5e699369',
        digest: 'sha256:dd959af1670887fe3323d54e38cfad48d4f4a76d418816ef4926ecc87668614c',
      },
    },
    tags: ['3.8'],
  },
  {
    repository: 'library/alpine',
    config: { Cmd: ['/bin/sh'] },
    size: 118,
    unpacked: 22,
    ids: {
      latest: {
        ...CATALOGUE_ALPINE!['latest']!,
        blobSum: 'sha256:f8399d0acd36e8c45a508f6cb606fbbb49144c146e38b09360f9a286ce71bf82',
        diffId: 'sha256:2d5a078ee790fbb95a6534150b6498fcef3a332adbb36eab982d5cf109bf7173',
        digest: 'sha256:322384607af3d18970ef1450a9ec8e8eed3d2e1c269f3b804d89094e311662f7',
      },
    },
    tags: ['latest'],
  },
  {
    host: REGISTRY,
    repository: 'team/remote',
    config: { Entrypoint: ['/bin/sh', '-c'], Cmd: ['echo remote; sleep 100000'], Env: ['FROM=registry'] },
    size: 111,
    unpacked: 15,
    ids: {
      v1: {
        imageId: '9e3dac6562092cc658bd1494f67f491f2b3e72421875988d1b336aa2cd5b7000',
        layerId: '9b593241c0639511c1e16e3cc89f13a5a73dba3dc21e5f841c9e271d680e0d9d',
        blobSum: 'sha256:4f7c432f117275edf04ca48917626e4f2b58a5512a35789ad5c05ca244789c2a',
        diffId: 'sha256:38653609fb9f860888291694b1182b1bb27e773fd6997bf0b915563db7bc97b9',
        digest: 'sha256:bc2225faf3d1b60f9de7f1b36437b5fcc4ea471f01e226392e89fa7288b05625',
      },
    },
  },
  {
    repository: 'library/sleeper',
    config: { Cmd: ['sleep', '100000'] },
    size: 114,
    unpacked: 18,
    ids: {
      '1': {
        imageId: 'c1dea762671e48e35456ef356798c5a9ed56ca0f67474a3c79bf3af40e6aaa32',
        layerId: '0'.repeat(63) + '1',
        blobSum: 'sha256:0fa9b93b55d3' + '0'.repeat(52),
      },
    },
  },
];

export async function startRecordedVch(options: RecordedVchOptions = {}): Promise<RecordedVch> {
  const directory = await mkdtemp(join(tmpdir(), 'vick-replay-'));
  const clock = hurriedClock(options.hurried ?? []);
  const engine = createProcessEngine({
    spawner: nodeSpawner,
    processes: nodeProcessTable,
    fs: nodeFileSystem,
    clock,
    hostPath: '/usr/local/bin:/usr/bin:/bin',
  });
  const portLayer = await startPortLayer({
    facts: { name: 'vch-1', biosUuid: BIOS_UUID, version: '', debug: 0, cpuMhz: 9200, memoryMiB: 32_768, insecureRegistries: [REGISTRY] },
    volumeStores: options.volumeStores ?? ['default', 'fast'],
    externalNetworks: [{ name: 'public', subnet: '10.118.0.0/16', gateway: '10.118.0.1' }],
    directory,
    engine,
    bootMs: options.bootMs ?? 60,
    simulatedVsphere: options.simulatedVsphere ?? true,
    clock,
    random: systemRandom,
    fs: nodeFileSystem,
    log: silentLog,
    host: '127.0.0.1',
    port: 0,
  });
  for (const { Key, Value } of seededDocuments()) await portLayer.state.kv.put(Key, Value);
  const personality = await startPersonality({
    state: portLayer.state,
    portLayer: `127.0.0.1:${String(portLayer.port)}`,
    registry: createRegistry([...RECORDED_REPOSITORIES, ...CATALOGUE]),
    tls: { mode: 'none' },
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
  });
  return {
    portLayer,
    personality,
    directory,
    stop: async () => {
      await personality.stop();
      await portLayer.stop({ removeContainers: true });
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function hurriedClock(lengths: readonly number[]): Clock {
  return { ...systemClock, sleep: (ms, signal) => systemClock.sleep(lengths.includes(ms) ? ms / 100 : ms, signal) };
}
