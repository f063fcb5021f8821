/** `/info` and `/version`: what an operator's status command reads. */
import { poolUsage } from '../port-layer/pool-usage.ts';
import type { PortLayerState } from '../port-layer/state.ts';

export async function info(state: PortLayerState, images: number): Promise<unknown> {
  const { facts, clock, volumes, networks, containers } = state;
  const usage = await poolUsage(state);
  const states = containers.list().map((vm) => vm.state);
  const driver = `vSphere Integrated Containers ${facts.version === '' ? '' : `${facts.version} `}Backend Engine`;
  const status: (readonly [string, string])[] = [
    ['VolumeStores', volumes.stores.join(' ')],
    [driver, 'RUNNING'],
    ...(facts.cpuMhz === 0 ? [] : [[' VCH CPU limit', `${String(facts.cpuMhz)} MHz`] as const]),
    ...(facts.memoryMiB === 0 ? [] : [[' VCH memory limit', binarySize(facts.memoryMiB * 2 ** 20)] as const]),
    [' VCH CPU usage', `${String(usage.cpuMhz)} MHz`],
    [' VCH memory usage', binarySize(usage.memoryBytes)],
    [' VMware Product', 'VMware vCenter Server'],
    [' VMware OS', 'linux-x64'],
    [' VMware OS version', '6.5.0'],
    ...(facts.insecureRegistries.length === 0 ? [] : [[' Insecure Registries', facts.insecureRegistries.join(',')] as const]),
    [' Registry Whitelist Mode', 'disabled.  All registry access allowed.'],
  ];
  const commit = { ID: '', Expected: '' };
  return {
    ID: 'vSphere Integrated Containers',
    Containers: states.length,
    ContainersRunning: states.filter((one) => one === 'Running').length,
    ContainersPaused: 0,
    ContainersStopped: states.filter((one) => one === 'Stopped' || one === 'Created').length,
    Images: images,
    Driver: driver,
    DriverStatus: null,
    SystemStatus: status,
    Plugins: { Volume: volumes.stores.length === 0 ? null : ['vsphere'], Network: [...networks.names()].sort(), Authorization: null },
    ...allTrue('MemoryLimit', 'SwapLimit', 'KernelMemory', 'CpuCfsPeriod', 'CpuCfsQuota', 'CPUShares', 'CPUSet', 'IPv4Forwarding'),
    ...allTrue('BridgeNfIptables', 'BridgeNfIp6tables', 'OomKillDisable'),
    Debug: facts.debug > 0,
    NFd: 0,
    NGoroutines: 48,
    SystemTime: new Date(clock.now()).toISOString().replace('Z', '000000Z'),
    LoggingDriver: '',
    CgroupDriver: '',
    NEventsListener: 0,
    KernelVersion: '',
    OperatingSystem: 'linux-x64',
    OSType: 'linux-x64',
    Architecture: 'x86_64',
    IndexServerAddress: 'registry-1.docker.io',
    RegistryConfig: null,
    NCPU: facts.cpuMhz,
    MemTotal: facts.memoryMiB * 2 ** 20,
    DockerRootDir: '',
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Name: facts.name,
    Labels: null,
    ExperimentalBuild: false,
    ServerVersion: facts.version,
    ClusterStore: '',
    ClusterAdvertise: '',
    Runtimes: null,
    DefaultRuntime: '',
    Swarm: SWARM,
    LiveRestoreEnabled: false,
    Isolation: '',
    InitBinary: '',
    ContainerdCommit: commit,
    RuncCommit: commit,
    InitCommit: commit,
    SecurityOptions: null,
  };
}

export function version(state: PortLayerState): unknown {
  return {
    Version: state.facts.version.replace(/^v/, ''),
    ApiVersion: '1.25',
    MinAPIVersion: '1.19',
    GitCommit: /[0-9a-f]{6,}$/.exec(state.facts.version)?.[0] ?? '',
    GoVersion: 'go1.8.7',
    Os: 'linux',
    Arch: 'amd64',
    KernelVersion: '-',
    Experimental: true,
  };
}

const SWARM = {
  NodeID: '',
  NodeAddr: '',
  LocalNodeState: 'inactive',
  ControlAvailable: false,
  Error: '',
  RemoteManagers: null,
  Nodes: 0,
  Managers: 0,
  Cluster: {
    ID: '',
    Version: {},
    CreatedAt: '0001-01-01T00:00:00Z',
    UpdatedAt: '0001-01-01T00:00:00Z',
    Spec: {
      Orchestration: {},
      Raft: { ElectionTick: 0, HeartbeatTick: 0 },
      Dispatcher: {},
      CAConfig: {},
      TaskDefaults: {},
      EncryptionConfig: { AutoLockManagers: false },
    },
  },
};

function allTrue(...names: readonly string[]): Record<string, boolean> {
  return Object.fromEntries(names.map((name) => [name, true]));
}

/** Four significant digits and a binary unit, as Docker's go-units writes sizes. */
function binarySize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${String(Number(value.toPrecision(4)))} ${units[unit] ?? ''}`;
}
