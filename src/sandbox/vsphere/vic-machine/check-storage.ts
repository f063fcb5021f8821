import { quote } from './go-text.ts';
import { parseUrl } from './go-url.ts';
import { CommandFailure } from './io.ts';
import { splitDatastore } from './stores.ts';
import type { Validation } from './validation.ts';

/** --image-store and --volume-store (vmware/vic lib/install/validate/storage.go). */
export function checkStorage(validation: Validation): void {
  const { args, datacenter } = validation;
  const image = validation.attempt(() => findDatastore(validation, args.imageStore, '', '--image-store'));
  if (image === undefined) return;
  validation.datastore = { name: image.host, path: image.path };
  validation.volumeStores = args.volumeStores.filter((store) => {
    if (store.scheme === 'ds') {
      const path = store.path === '' ? store.host : `${store.host}/${store.path}`;
      return validation.attempt(() => findDatastore(validation, path, store.label, '--volume-store')) !== undefined;
    }
    const url = `nfs://${store.host}${store.path}`;
    if (store.host === '') {
      validation.note(`volume store target (${url}) is missing the host field. format: <nfs://<user>:<password>@<host>/<share point path>:label`);
    } else if (store.path === '') {
      validation.note(`volume store target (${url}) is missing the path field. format: <nfs://<host>/<share point path>?<mount options as query vars>:label`);
    }
    return store.host !== '' && store.path !== '';
  });
  validation.run.log.debug(`datastores of ${datacenter.name}: ${datacenter.datastores.map(({ name }) => name).join(', ')}`);
}

function findDatastore(validation: Validation, text: string, label: string, flag: string): { readonly host: string; readonly path: string } {
  const { log } = validation.run;
  const { datastores } = validation.datacenter;
  const url = parseUrl(text.replace(/^ds:\/\//, ''));
  if (url.kind === 'error') throw new CommandFailure(`error parsing datastore path: ${url.message}`);
  if (url.scheme !== '' && url.scheme !== 'ds') throw new CommandFailure(`bad scheme ${quote(url.scheme)} provided for datastore`);
  const { host, path } = splitDatastore(text);
  const suggest = (based: string) => {
    log.info(`Suggesting valid values for ${flag} based on ${quote(label === '' ? based : `${based}:${label}`)}`);
    log.info(`Suggested values for ${flag}:`);
    for (const { name } of datastores) log.info(`  ${quote(label === '' ? name : `${name}:${label}`)}`);
  };
  if (host === '') {
    const only = datastores.length === 1 ? datastores[0] : undefined;
    if (only === undefined) {
      suggest('*');
      throw new CommandFailure('datastore empty');
    }
    log.info(`Using default datastore: ${only.name}`);
    return { host: only.name, path };
  }
  if (datastores.some(({ name }) => name === host)) return { host, path };
  suggest(text);
  throw new CommandFailure(`datastore '${host}' not found`);
}
