/** Defaults of pods (k8s.io/kubernetes/pkg/apis/core/v1/defaults.go). */
import type { Draft } from '../../resource.ts';
import type { JsonMap } from '../fields.ts';
import { ensureMap, mapOf, mapsOf, setDefault, textOf } from '../fields.ts';
import { isObject } from '../../json.ts';
import { setVolumeDefaults } from './volume-defaults.ts';

export function setPodDefaults(draft: Draft): void {
  const spec = ensureMap(draft, 'spec');
  setDefault(spec, 'dnsPolicy', 'ClusterFirst');
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefault(spec, 'schedulerName', 'default-scheduler');
  setDefault(spec, 'enableServiceLinks', true);
  if (!isObject(spec['securityContext'])) spec['securityContext'] = {};
  const account = textOf(spec['serviceAccountName']) === '' ? textOf(spec['serviceAccount']) : textOf(spec['serviceAccountName']);
  if (account !== '') {
    spec['serviceAccountName'] = account;
    spec['serviceAccount'] = account;
  }
  const hostNetwork = spec['hostNetwork'] === true;
  for (const container of containersOf(spec)) setContainerDefaults(container, hostNetwork);
  for (const container of mapsOf(spec['ephemeralContainers'])) setContainerDefaults(container, false);
  for (const volume of mapsOf(spec['volumes'])) setVolumeDefaults(volume);
}

/** Init and regular containers, in that order. */
export function containersOf(spec: JsonMap): readonly JsonMap[] {
  return [...mapsOf(spec['initContainers']), ...mapsOf(spec['containers'])];
}

function setContainerDefaults(container: JsonMap, hostNetwork: boolean): void {
  setDefault(container, 'terminationMessagePath', '/dev/termination-log');
  setDefault(container, 'terminationMessagePolicy', 'File');
  setDefault(container, 'imagePullPolicy', isLatest(textOf(container['image'])) ? 'Always' : 'IfNotPresent');
  for (const port of mapsOf(container['ports'])) {
    setDefault(port, 'protocol', 'TCP');
    if (hostNetwork && (port['hostPort'] ?? 0) === 0) port['hostPort'] = port['containerPort'];
  }
  for (const variable of mapsOf(container['env'])) setDefault(mapOf(mapOf(variable['valueFrom'])['fieldRef']), 'apiVersion', 'v1');
  const resources = ensureMap(container, 'resources');
  const limits = mapOf(resources['limits']);
  if (Object.keys(limits).length > 0) resources['requests'] = { ...limits, ...mapOf(resources['requests']) };
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) if (isObject(container[probe])) setProbeDefaults(container[probe]);
  for (const hook of ['postStart', 'preStop']) setHttpDefaults(mapOf(mapOf(container['lifecycle'])[hook]));
}

function setProbeDefaults(probe: JsonMap): void {
  const counts: readonly (readonly [string, number])[] = [
    ['timeoutSeconds', 1],
    ['periodSeconds', 10],
    ['successThreshold', 1],
    ['failureThreshold', 3],
  ];
  for (const [field, value] of counts) if ((probe[field] ?? 0) === 0) probe[field] = value;
  setHttpDefaults(probe);
  if (isObject(probe['grpc'])) probe['grpc']['service'] ??= '';
}

function setHttpDefaults(handler: JsonMap): void {
  const http = handler['httpGet'];
  if (!isObject(http)) return;
  setDefault(http, 'path', '/');
  setDefault(http, 'scheme', 'HTTP');
}

/** True when the image has no tag and no digest, or the tag `latest`. */
function isLatest(image: string): boolean {
  if (image.includes('@')) return false;
  const name = image.slice(image.lastIndexOf('/') + 1);
  const tag = name.includes(':') ? name.slice(name.indexOf(':') + 1) : 'latest';
  return tag === 'latest';
}
