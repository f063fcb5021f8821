/** `GET /containers/{id}/json`: what is known of a container, and Docker's constants for what a VCH has none of. */
import { containerInfo } from '../port-layer/vm-info.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import type { Vm } from '../port-layer/vm.ts';
import { containerState } from './container-state.ts';
import { commandOf, dockerLabels, isAutoRemoved, statusOf } from './containers.ts';
import type { CreatedContainer } from './create-container.ts';

const DRIVER = 'vSphere Integrated Containers Backend Engine';

export interface InspectParts {
  readonly state: PortLayerState;
  readonly created: ReadonlyMap<string, CreatedContainer>;
}

export function inspectContainer({ state, created }: InspectParts, vm: Vm): unknown {
  const [path = '', ...args] = commandOf(vm);
  return {
    Id: vm.id,
    Created: new Date(vm.createTime).toISOString().replace('Z', '000000Z'),
    Path: path,
    Args: args,
    State: stateOf(state, vm),
    Image: vm.config.imageId,
    ...{ ResolvConfPath: '', HostnamePath: '', HostsPath: '', LogPath: '' },
    Name: `/${vm.config.name}`,
    RestartCount: 0,
    Driver: DRIVER,
    ...{ MountLabel: '', ProcessLabel: '', AppArmorProfile: '', ExecIDs: null },
    HostConfig: hostConfigOf(vm, created.get(vm.id)),
    GraphDriver: { Name: DRIVER, Data: null },
    Mounts: mountsOf(vm),
    Config: configOf(vm, created.get(vm.id)),
    NetworkSettings: networkSettingsOf(state, vm),
  };
}

function stateOf(state: PortLayerState, vm: Vm): unknown {
  const { running, exitCode, started, finished } = containerState(state, vm);
  return {
    Status: statusOf(vm),
    Running: running,
    ...{ Paused: false, Restarting: false, OOMKilled: false, Dead: false, Pid: 0 },
    ExitCode: exitCode,
    Error: '',
    StartedAt: wholeSeconds(started),
    FinishedAt: wholeSeconds(finished),
  };
}

function configOf(vm: Vm, own: CreatedContainer | undefined): unknown {
  const primary = vm.config.tasks.find((task) => task.id === vm.id);
  const labels = dockerLabels(vm);
  return {
    Hostname: vm.config.hostname,
    Domainname: '',
    User: primary?.user ?? '',
    ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true },
    Tty: primary?.tty ?? false,
    OpenStdin: primary?.openStdin ?? false,
    StdinOnce: true,
    Env: primary?.env ?? [],
    // As it was asked for, whatever the VM's settings made of it.
    Cmd: own?.command ?? commandOf(vm),
    Image: own?.image ?? vm.config.repoName,
    Volumes: {},
    WorkingDir: primary?.workingDir ?? '',
    Entrypoint: own?.entrypoint ?? null,
    OnBuild: null,
    Labels: own === undefined ? labels : own.labels,
  };
}

function mountsOf(vm: Vm): unknown {
  if (vm.config.mounts.length === 0) return null;
  return vm.config.mounts.map(({ volume, path, mode }) => ({
    ...{ Type: 'volume', Name: volume, Source: volume, Destination: path, Driver: 'vsphere', Mode: mode, RW: mode !== 'ro', Propagation: '' },
  }));
}

function networkSettingsOf({ networks }: PortLayerState, vm: Vm): unknown {
  const { endpoints } = containerInfo(vm, networks) as { endpoints: readonly { scope: string; address: string; gateway: string; id: string }[] };
  const settings = endpoints.map(({ scope, address, gateway, id }) => {
    const [ip = '', prefix = '0'] = address.split('/');
    return [
      scope,
      {
        ...{ IPAMConfig: null, Links: null, Aliases: null, NetworkID: '', EndpointID: id, Gateway: gateway, IPAddress: ip, IPPrefixLen: Number(prefix) },
        ...{ IPv6Gateway: '', GlobalIPv6Address: '', GlobalIPv6PrefixLen: 0, MacAddress: '' },
      },
    ] as const;
  });
  return {
    ...{ Bridge: '', SandboxID: '', HairpinMode: false, LinkLocalIPv6Address: '', LinkLocalIPv6PrefixLen: 0, Ports: {}, SandboxKey: '' },
    ...{ SecondaryIPAddresses: null, SecondaryIPv6Addresses: null, EndpointID: '', Gateway: '', GlobalIPv6Address: '', GlobalIPv6PrefixLen: 0 },
    ...{ IPAddress: '', IPPrefixLen: 0, IPv6Gateway: '', MacAddress: '' },
    Networks: Object.fromEntries(settings),
  };
}

/** Nothing of what was asked for comes back, but for the network and the port bindings. */
function hostConfigOf(vm: Vm, own: CreatedContainer | undefined): unknown {
  const binds = vm.config.mounts.map(({ volume, path, mode }) => `${volume}:${path}:${mode}`);
  return {
    // As they were written, until the record has been read again.
    Binds: vm.everStarted || own === undefined ? binds : own.binds,
    ...{ ContainerIDFile: '', LogConfig: { Type: 'json-file', Config: null }, NetworkMode: vm.config.endpoints[0]?.scope ?? '' },
    PortBindings: portBindingsOf(vm),
    ...{ RestartPolicy: { Name: '', MaximumRetryCount: 0 }, AutoRemove: isAutoRemoved(vm), VolumeDriver: DRIVER },
    ...{ VolumesFrom: null, CapAdd: null, CapDrop: null, Dns: [], DnsOptions: null, DnsSearch: null, ExtraHosts: null, GroupAdd: null, IpcMode: '' },
    ...{ Cgroup: '', Links: null, OomScoreAdj: 0, PidMode: '', Privileged: false, PublishAllPorts: false, ReadonlyRootfs: false, SecurityOpt: null },
    ...{ UTSMode: '', UsernsMode: '', ShmSize: 0, ConsoleSize: [0, 0], Isolation: '', CpuShares: 0, Memory: 0, NanoCpus: 0, CgroupParent: '' },
    ...{ BlkioWeight: 0, BlkioWeightDevice: null, BlkioDeviceReadBps: null, BlkioDeviceWriteBps: null, BlkioDeviceReadIOps: null },
    ...{ BlkioDeviceWriteIOps: null, CpuPeriod: 0, CpuQuota: 0, CpuRealtimePeriod: 0, CpuRealtimeRuntime: 0, CpusetCpus: '', CpusetMems: '' },
    ...{ Devices: null, DiskQuota: 0, KernelMemory: 0, MemoryReservation: 0, MemorySwap: 0, MemorySwappiness: null, OomKillDisable: null },
    ...{ PidsLimit: 0, Ulimits: null, CpuCount: 0, CpuPercent: 0, IOMaximumIOps: 0, IOMaximumBandwidth: 0 },
  };
}

function portBindingsOf(vm: Vm): unknown {
  const ports = vm.config.endpoints.flatMap((endpoint) => endpoint.ports).filter((port) => port.includes(':'));
  return Object.fromEntries(
    ports.map((port) => {
      const [hostPort = '', own = ''] = port.split(':');
      return [own, [{ HostIp: '', HostPort: hostPort }]];
    }),
  );
}

/** Empty for what has not been. */
function wholeSeconds(seconds: number): string {
  return seconds === 0 ? '' : new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}
