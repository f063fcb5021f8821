/** `ContainerInfo`: what the port layer tells about a container VM. Zero values are left out where Go's `omitempty` leaves them out. */
import type { NetworkContext } from './networks.ts';
import type { VmState } from './vm-context.ts';
import type { Vm } from './vm.ts';

export function containerInfo(vm: Vm, networks: NetworkContext, shown: { readonly state?: VmState; readonly refreshed?: boolean } = {}): unknown {
  const { config } = vm;
  const primary = config.tasks.find((task) => task.id === config.id);
  const annotations = Object.keys(config.annotations).length === 0 ? undefined : config.annotations;
  return {
    HostConfig: {},
    containerConfig: {
      annotations,
      attachStderr: primary?.attach ?? false,
      attachStdin: primary?.attach ?? false,
      attachStdout: primary?.attach ?? false,
      containerId: config.id,
      createTime: vm.createTime * 1_000_000,
      imageId: omitEmpty(config.imageId),
      layerId: omitEmpty(config.layerId),
      names: [config.name],
      openStdin: primary?.openStdin ?? false,
      repoName: omitEmpty(config.repoName),
      state: shown.state ?? vm.state,
      tty: primary?.tty ?? false,
    },
    dataVersion: 10,
    endpoints: config.endpoints.map((endpoint) => ({
      address: vm.addresses.get(endpoint.scope) ?? '',
      aliases: endpoint.aliases.map((alias) => alias.slice(alias.indexOf(':') + 1)),
      container: config.id,
      direct: networks.isExternal(endpoint.scope) ? true : undefined,
      gateway: vm.everBound ? networks.gatewayOf(endpoint.scope) : '',
      id: '1184',
      name: '',
      nameservers: [],
      ports: endpoint.ports,
      scope: endpoint.scope,
    })),
    processConfig: processInfo(vm, shown.refreshed ?? true),
    volumeConfig: config.mounts.map((mount) => ({
      flags: { Mode: mount.mode },
      mountPoint: mount.path,
      name: mount.volume,
      readWrite: mount.mode === 'rw' ? true : undefined,
    })),
  };
}

function processInfo(vm: Vm, refreshed: boolean): unknown {
  const primary = vm.config.tasks.find((task) => task.id === vm.id);
  const session = vm.primary;
  const stopped = vm.stopRequestedAt !== undefined && !vm.poweredOn;
  const stopTime = stopped ? (vm.stopRequestedAt ?? 0) : (session?.stopTime ?? 0);
  return {
    env: primary?.env ?? [],
    execArgs: primary?.argv ?? [],
    execPath: primary?.path,
    exitCode: refreshed ? omitZero(session?.exitCode ?? 0) : undefined,
    startTime: vm.everStarted ? seconds(vm.startedAt) : undefined,
    status: stopped && refreshed ? undefined : omitEmpty(session?.status ?? ''),
    stopTime: refreshed ? omitZero(seconds(stopTime)) : undefined,
    user: omitEmpty(primary?.user ?? ''),
    workingDir: primary?.workingDir ?? '',
  };
}

const seconds = (ms: number): number => Math.floor(ms / 1000);
const omitEmpty = (text: string): string | undefined => (text === '' ? undefined : text);
const omitZero = (number: number): number | undefined => (number === 0 ? undefined : number);
