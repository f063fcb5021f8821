import { posix } from 'node:path';
import type { VchConfig } from '../protocol.ts';
import { formatBuild } from './build.ts';
import { portGroups } from './check-networks.ts';
import type { CreateArguments } from './create-arguments.ts';
import type { Invocation } from './io.ts';
import type { ValidConfiguration } from './validate.ts';

/** Where a volume store lies on a datastore when no path is given. */
export const STORAGE_FOLDER = 'VIC';

/** What create writes into the endpoint VM's settings. */
export function toConfig(run: Invocation, args: CreateArguments, valid: ValidConfiguration, ownsBridge: boolean): VchConfig {
  const { flags } = run;
  const { session } = valid.site;
  const { server, clientCa } = args.certificates;
  const address = args.kubernetes?.address ?? '';
  const kubelet = args.kubernetes === undefined || address === '' ? undefined : { serverAddress: address, configFile: posix.basename(args.kubernetes.file) };
  return {
    name: args.name,
    version: formatBuild(run.build),
    debug: flags.number('debug') ?? 0,
    tls:
      server === undefined
        ? { mode: 'none' }
        : { mode: 'tls', certificate: server.certificate, key: server.key, ...(clientCa === undefined ? {} : { clientCa }) },
    target: `${session.target.scheme}://${session.target.host}`,
    thumbprint: session.thumbprint,
    opsUser: args.opsUser,
    imageStore: `ds://${valid.imageStore.name}${valid.imageStore.path === '' ? '' : `/${valid.imageStore.path}`}`,
    volumeStores: valid.volumeStores.map((store) => (store.scheme === 'ds' && store.path === '' ? { ...store, path: STORAGE_FOLDER } : store)),
    networks: { bridge: args.bridge, ...portGroups(args.networks) },
    ownsBridge,
    cpuMhz: valid.drs ? (flags.number('cpu') ?? 0) : 0,
    memoryMiB: valid.drs ? (flags.number('memory') ?? 0) : 0,
    insecureRegistries: flags.list('insecure-registry'),
    proxies: args.proxies,
    ...(kubelet === undefined ? {} : { kubelet: { ...kubelet, configContent: valid.kubeletConfig ?? '' } }),
    options: listedOptions(run),
  };
}

/** Options of create that the settings keep as they were given. */
export const LISTED = [
  'base-image-size',
  'container-name-convention',
  'dns-server',
  'bridge-network-range',
  'client-network-gateway',
  'client-network-ip',
  'public-network-gateway',
  'public-network-ip',
  'management-network-gateway',
  'management-network-ip',
  'container-network',
  'container-network-gateway',
  'container-network-ip-range',
  'container-network-dns',
  'container-network-firewall',
  'memory',
  'memory-reservation',
  'memory-shares',
  'endpoint-memory',
  'cpu',
  'cpu-reservation',
  'cpu-shares',
  'endpoint-cpu',
  'insecure-registry',
  'whitelist-registry',
  'https-proxy',
  'http-proxy',
  'syslog-address',
] as const;

function listedOptions({ flags }: Invocation): Readonly<Record<string, readonly string[]>> {
  const entries = LISTED.map((name) => [name, flags.list(name).length > 0 ? flags.list(name) : [flags.text(name)].filter((text) => text !== '')] as const);
  return Object.fromEntries(entries.filter(([, values]) => values.length > 0));
}
