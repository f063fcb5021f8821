import type { VolumeStore } from '../protocol.ts';
import { parseUrl } from './go-url.ts';
import { CommandFailure } from './io.ts';
import { unsupportedCharacter, unsupportedCharacterInDatastore } from './names.ts';

const NFS_FORMAT = 'nfs://<host>/<url-path>?<mount option as query parameters>:<label>';
const FORMAT = `volume store input must be in format <datastore url w/ path>:label or ${NFS_FORMAT}`;

/** Reads one --volume-store. Throws CommandFailure. (vmware/vic cmd/vic-machine/common/volume_stores.go) */
export function readVolumeStore(text: string): VolumeStore {
  const parts = text.split(':');
  const label = parts.at(-1) ?? '';
  const target = parts.slice(0, -1).join(':');
  if (parts.length < 2 || label === '' || target === '' || unsupportedCharacter(label) !== undefined) throw new CommandFailure(FORMAT);
  const url = parseUrl(target.replace('ds://', ''));
  if (url.kind === 'error') {
    throw new CommandFailure(
      `parsed url for option --volume-store could not be parsed as a url, valid inputs are datastore/path:label or ${NFS_FORMAT}. See -h for usage examples.`,
    );
  }
  if (url.scheme === 'nfs') return { label, scheme: 'nfs', host: url.host, path: url.path };
  if (url.scheme !== '') throw new CommandFailure('Please specify a datastore or nfs target. See -vs usage for examples.');
  const complaint = unsupportedCharacterInDatastore(target.split('?')[0] ?? '');
  if (complaint !== undefined) {
    throw new CommandFailure(
      `--volume-store contains unsupported characters for datastore target: ${complaint} Allowed characters are alphanumeric, space and symbols - _ ( ) / : ,`,
    );
  }
  if (url.query !== '' || target.includes('?')) throw new CommandFailure(`volume store input must be in format datastore/path:label or ${NFS_FORMAT}`);
  const { host, path } = splitDatastore(url.path);
  return { label, scheme: 'ds', host, path };
}

/** Parts `datastore/path`, with or without `ds://`. */
export function splitDatastore(text: string): { readonly host: string; readonly path: string } {
  const plain = text.replace(/^ds:\/\//, '');
  const slash = plain.indexOf('/');
  return slash === -1 ? { host: plain, path: '' } : { host: plain.slice(0, slash), path: plain.slice(slash + 1).replace(/\/+$/, '') };
}
