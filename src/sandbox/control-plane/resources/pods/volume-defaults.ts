import { isObject } from '../../json.ts';
import type { JsonMap } from '../fields.ts';
import { mapOf, mapsOf, setDefault } from '../fields.ts';

const FILE_MODE = 0o644;

/** Defaults of one volume; a volume without a source is an emptyDir. */
export function setVolumeDefaults(volume: JsonMap): void {
  if (!Object.keys(volume).some((field) => field !== 'name' && isObject(volume[field]))) volume['emptyDir'] = {};
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    if (isObject(volume[source])) volume[source]['defaultMode'] ??= FILE_MODE;
  }
  if (isObject(volume['hostPath'])) volume['hostPath']['type'] ??= '';
  setFieldRefs(mapOf(volume['downwardAPI']));
  for (const source of mapsOf(mapOf(volume['projected'])['sources'])) {
    setFieldRefs(mapOf(source['downwardAPI']));
    if (isObject(source['serviceAccountToken'])) source['serviceAccountToken']['expirationSeconds'] ??= 3600;
    if (isObject(source['podCertificate'])) source['podCertificate']['maxExpirationSeconds'] ??= 86_400;
  }
  setPluginDefaults(volume);
  const claim = mapOf(mapOf(mapOf(volume['ephemeral'])['volumeClaimTemplate'])['spec']);
  if (Object.keys(claim).length > 0) setDefault(claim, 'volumeMode', 'Filesystem');
}

function setFieldRefs(downward: JsonMap): void {
  for (const item of mapsOf(downward['items'])) if (isObject(item['fieldRef'])) setDefault(item['fieldRef'], 'apiVersion', 'v1');
}

function setPluginDefaults(volume: JsonMap): void {
  const defaults: Readonly<Record<string, JsonMap>> = {
    iscsi: { iscsiInterface: 'default' },
    rbd: { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' },
    azureDisk: { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false },
    scaleIO: { storageMode: 'ThinProvisioned', fsType: 'xfs' },
  };
  for (const [plugin, values] of Object.entries(defaults)) {
    const source = volume[plugin];
    if (isObject(source)) for (const [field, value] of Object.entries(values)) setDefault(source, field, value);
  }
}
