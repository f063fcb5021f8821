import type { VchVm } from '../protocol.ts';
import { CommandFailure, type Invocation } from './io.ts';
import { readVolumeStore } from './stores.ts';
import { STORAGE_FOLDER } from './vch-config.ts';

/** Volume stores can only be added: each that exists must be named again, unchanged. Says which is not, and throws CommandFailure. */
export function keepExistingStores({ log, flags }: Invocation, { config }: VchVm): void {
  const given = flags.list('volume-store').map(readVolumeStore);
  if (given.length === 0) return;
  for (const store of config.volumeStores) {
    const same = given.find(({ label }) => label === store.label);
    if (same === undefined) {
      log.second('error', `Existing volume store ${store.label} not specified in configure command`);
      log.second('info', 'Please use vic-machine inspect config to find existing\nvolume store settings and supply them along with new volume stores');
      throw stop(log, 'all existing volume stores must also be specified');
    }
    const path = same.path === '' ? STORAGE_FOLDER : same.path;
    if (same.scheme !== store.scheme || same.host !== store.host || trim(path) !== trim(store.path)) {
      throw stop(log, 'changes to existing volume stores are not supported');
    }
  }
}

/** The same for container networks. */
export function keepExistingNetworks({ log, flags }: Invocation, { config }: VchVm): void {
  const given = flags.list('container-network');
  if (given.length === 0) return;
  for (const network of config.options['container-network'] ?? []) {
    if (given.includes(network)) continue;
    log.second('error', `Existing container-network ${network} not specified in configure command`);
    log.second('info', 'Please use vic-machine inspect config to find existing\ncontainer network settings and supply them along with new container networks');
    throw stop(log, 'all existing container networks must also be specified');
  }
}

function stop(log: Invocation['log'], reason: string): CommandFailure {
  log.error('Configuring cannot continue: copying configuration failed');
  return new CommandFailure(reason);
}

function trim(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}
