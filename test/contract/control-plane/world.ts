/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call -- recorded JSON of every kind has no type */
import { callApi, type ApiCall, type ApiResponse } from '../../support/control-plane-client.ts';
import { omit } from '../../../src/sandbox/control-plane/json.ts';
import type { ControlPlane } from '../../../src/sandbox/control-plane/server.ts';
import type { ResourceDefinition } from '../../../src/sandbox/control-plane/resource.ts';
import { differences, stateOf, type Correspondence } from './compare.ts';
import { CELLS, eventObject, objectsIn, type Exchange, type Recording } from './recording.ts';
import { withCells } from './table-cells.ts';

const EXTRA = 'authentication.kubernetes.io/';

const JSON_TYPE = { 'Content-Type': 'application/json', Accept: 'application/json' };

/**
 * Brings the control plane into the state that a recording's next exchange was made in: recordings hold conversations, but objects
 * were also made before them and changed beside them (set-up, controllers). Everything goes through the public API.
 */
export class World {
  private readonly plane: ControlPlane;
  private readonly admin: { certificate: string; key: string };
  private readonly definitions: readonly ResourceDefinition[];
  private readonly recording: Recording;
  private readonly known: Correspondence;
  /** States (`stateOf`) that were seen in metadata-only form: what the object looked like then is known only from elsewhere. */
  private readonly glimpsed = new Set<string>();
  private readonly fillers: string[] = [];

  constructor(
    plane: ControlPlane,
    admin: { certificate: string; key: string },
    definitions: readonly ResourceDefinition[],
    recording: Recording,
    known: Correspondence,
  ) {
    this.plane = plane;
    this.admin = admin;
    this.definitions = definitions;
    this.recording = recording;
    this.known = known;
  }

  /** What was there before a revision that some request goes back to, or else it would come too late for that request. */
  async populate(): Promise<void> {
    const asked = this.recording.steps
      .flatMap((step) => step.exchanges)
      .flatMap(({ request }) => [...request.path.matchAll(/[?&]resourceVersion=(\d+)/g)])
      .map(([, version]) => Number(version))
      .filter((version) => !isOutside(version));
    const earliest = Math.min(...asked);
    const before = this.findAll((object) => Number(object.metadata.resourceVersion) <= earliest);
    const latest = new Map(before.toSorted(byVersion).map((object) => [object.metadata.uid as string, object]));
    if (asked.length > 0) for (const object of [...latest.values()].toSorted(byVersion)) await this.match(object, 'GET', undefined, '');
    const now = await this.call('/api/v1/namespaces');
    this.known.start = now.body.metadata.resourceVersion;
  }

  /** Takes away what stood in for objects of which a recording shows only that they are there. */
  async tidy(): Promise<void> {
    for (const url of this.fillers.splice(0)) await this.call(url, { method: 'DELETE', headers: JSON_TYPE, body: '{"gracePeriodSeconds":0}' });
  }

  /** State changes that must have happened before `exchange`, but are no exchange themselves. */
  async prepare(exchange: Exchange): Promise<void> {
    const { method, path } = exchange.request;
    const status = exchange.response.status;
    const target = parsePath(path);
    if (target === undefined || target.resource === 'watch') return;
    if (target.namespace !== undefined && (status < 300 || status === 409 || status === 422)) await this.ensureNamespace(target.namespace);
    const creates = (method === 'POST' || method === 'PUT') && status === 201 && target.subresource === undefined;
    await this.ensureOwners(exchange.request.body);
    await this.ensureTokenPod(target, exchange.request.body);
    if (exchange.response.events !== undefined) return;
    const named = target.name ?? (status === 409 ? (exchange.response.body?.details?.name as string | undefined) : undefined);
    if (named !== undefined && status !== 404 && status !== 403 && status !== 401 && !creates) await this.ensureNamed(target, named);
    if (named !== undefined && status === 404 && method === 'GET') await this.remove(target, named);
    if (creates) {
      if (target.name === undefined) await this.remove(target, exchange.request.body?.metadata?.name as string | undefined);
      return;
    }
    for (const object of objectsIn(exchange.response)) await this.match(object, method, exchange.request.body, path);
    if ((method === 'GET' || method === 'DELETE') && status === 200 && target.name === undefined) await this.dropUnlisted(exchange, target);
    if (exchange.response.body?.metadata?.continue !== undefined && !path.includes('continue=')) await this.ensureRest(exchange, target);
  }

  /** Makes the stored object look like a recorded one; for a patch, except for what the patch itself sets. */
  async match(object: any, method: string, patch: unknown, path: string): Promise<void> {
    const isPartial = object.kind === 'PartialObjectMetadata';
    const full = isPartial ? this.completed(object, path) : object;
    if (full === undefined) return;
    const url = this.urlOf(full);
    if (url === undefined) return;
    const state = stateOf(object);
    const isSeen = this.known.seen.has(state) && (isPartial || !this.glimpsed.has(state));
    if (isSeen && (!isPartial || (await this.shows(path, full)))) return;
    if (isPartial) this.glimpsed.add(state);
    else this.glimpsed.delete(state);
    const wanted = method === 'GET' ? full : beforeRequest(full, method);
    let present = await this.call(url);
    const ours = this.known.uids.get(object.metadata.uid);
    if (method === 'GET' && present.status === 200 && ours !== undefined && ours !== present.body.metadata.uid) {
      await this.call(url, { method: 'DELETE', headers: JSON_TYPE, body: '{"gracePeriodSeconds":0}' });
      present = await this.call(url);
    }
    if (present.status === 404) {
      await this.create(wanted);
      return;
    }
    if (method === 'DELETE') {
      // What it answers shows the status that controllers gave it before.
      if (wanted.status !== undefined) await this.write(url, { ...present.body, status: wanted.status }, present.body);
      return;
    }
    const target = method === 'GET' ? wanted : withoutTouched(wanted, present.body, patch);
    await this.write(url, target, present.body);
  }

  /** Replays a watch event that someone else's write caused. */
  async cause(event: { type: string; object: any }, path: string): Promise<void> {
    const shown = eventObject(event);
    const object = shown.kind === 'PartialObjectMetadata' ? this.completed(shown, path) : shown;
    const url = object === undefined ? undefined : this.urlOf(object);
    if (url === undefined) return;
    const present = await this.call(url);
    // An object that stopped matching a selector arrives as DELETED; a watch without selector shows what became of it.
    const changed = event.type === 'DELETED' ? this.modification(shown) : object;
    if (changed === undefined) await this.call(url, { method: 'DELETE', headers: JSON_TYPE, body: '{"gracePeriodSeconds":0}' });
    else if (present.status === 404) await this.create(changed);
    else await this.write(url, changed, present.body);
  }

  private modification(deleted: any): any {
    const events = this.recording.steps.flatMap((step) => step.exchanges).flatMap((exchange) => exchange.response.events ?? []);
    const found = events.find(
      ({ type, object }) =>
        type === 'MODIFIED' && object.metadata?.uid === deleted.metadata.uid && object.metadata.resourceVersion === deleted.metadata.resourceVersion,
    );
    return found?.object;
  }

  async call(path: string, call: ApiCall = {}): Promise<ApiResponse> {
    return callApi(this.plane, path, { identity: this.admin, ...call });
  }

  /** True when the control plane must answer this path: a served resource. */
  serves(path: string): boolean {
    const target = parsePath(path);
    const definition = this.definitions.find(
      (candidate) => candidate.group === target?.group && candidate.version === target.version && candidate.resource === target.resource,
    );
    if (definition === undefined || target?.subresource === undefined) return definition !== undefined;
    const subresource = definition.subresources[target.subresource.split('/')[0] ?? ''];
    return subresource !== undefined;
  }

  private async ensureNamespace(name: string): Promise<void> {
    await this.call('/api/v1/namespaces', { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ metadata: { name } }) });
  }

  private async ensureNamed(target: Target, name: string): Promise<void> {
    const present = await this.call(`${target.collection}/${this.known.translate(name)}`);
    if (present.status !== 404) return;
    const found = this.find(
      (object) => object.metadata.name === name && object.metadata.namespace === target.namespace && this.definitionOf(object)?.resource === target.resource,
    );
    if (found !== undefined) await this.create(beforeRequest(found, 'DELETE'));
  }

  /** A token may be bound to a pod, on a node, of which the recording shows nothing but the names. */
  private async ensureTokenPod(target: Target, body: any): Promise<void> {
    const bound = body?.spec?.boundObjectRef;
    if (target.subresource !== 'token' || bound?.kind !== 'Pod' || bound.uid.startsWith('00000000') || this.known.uids.has(bound.uid)) return;
    const extra = this.recording.steps
      .flatMap((step) => step.exchanges)
      .map((exchange) => exchange.response.body?.status?.user?.extra ?? exchange.response.body?.status?.userInfo?.extra)
      .find((candidate) => candidate?.[`${EXTRA}node-uid`] !== undefined);
    const node = extra?.[`${EXTRA}node-name`][0] ?? 'node-a';
    const uid = extra?.[`${EXTRA}node-uid`][0] as string | undefined;
    if (uid !== undefined) await this.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: node, uid } });
    const path = `${target.collection}?fieldSelector=spec.nodeName=${node},spec.serviceAccountName=${target.name ?? ''}`;
    await this.create(minimalObject({ kind: 'Pod', apiVersion: 'v1' }, { name: bound.name, namespace: target.namespace, uid: bound.uid }, path));
  }

  /** The objects behind a list's limit: those seen elsewhere in the recording, then stand-ins until there are as many as recorded. */
  private async ensureRest(exchange: Exchange, target: Target): Promise<void> {
    const { path } = exchange.request;
    const meta = exchange.response.body.metadata;
    const shown = objectsIn(exchange.response).length;
    const wanted = shown + Number(meta.remainingItemCount ?? 1);
    const inCollection = (object: any): boolean =>
      this.definitionOf(object)?.resource === target.resource && (target.namespace === undefined || object.metadata.namespace === target.namespace);
    const rest = this.findAll((object) => inCollection(object) && Number(object.metadata.resourceVersion) <= Number(meta.resourceVersion));
    for (const object of rest) if (!this.known.uids.has(object.metadata.uid)) await this.match(object, 'GET', undefined, target.collection);
    const present = await this.call(path.replace(/([?&])limit=\d+/, '$1limit=0'));
    const count = ((present.body?.items ?? []) as unknown[]).length;
    for (let index = count; index < wanted; index += 1) {
      const metadata = { name: `zz-${index}`, namespace: target.namespace, uid: `stand-in ${index}` };
      const object = minimalObject(this.kindAt(path), metadata, path);
      if (object === undefined) return;
      await this.create(object);
      const url = this.urlOf(object);
      if (url !== undefined) this.fillers.push(url);
    }
  }

  /** Owners that a new object names must exist, or it would be collected; all that is known of them is their name. */
  private async ensureOwners(body: any): Promise<void> {
    for (const owner of (body?.metadata?.ownerReferences ?? []) as any[]) {
      if (this.known.uids.has(owner.uid)) continue;
      await this.create({ apiVersion: owner.apiVersion, kind: owner.kind, metadata: { name: owner.name, uid: owner.uid } });
    }
  }

  private async create(object: any): Promise<void> {
    const definition = this.definitionOf(object);
    if (definition === undefined) return;
    if (object.metadata.namespace !== undefined) await this.ensureNamespace(object.metadata.namespace);
    const metadata = omit(object.metadata as Json, 'uid', 'resourceVersion', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'managedFields');
    const body = this.known.translate(JSON.stringify({ ...object, metadata }));
    const created = await this.call(this.collectionOf(definition, object.metadata.namespace), {
      method: 'POST',
      headers: { ...JSON_TYPE, ...requestor(object) },
      body,
    });
    if (created.status >= 300) throw new Error(`cannot set up ${object.kind} ${object.metadata.name}: ${created.text}`);
    this.known.uids.set(object.metadata.uid, created.body.metadata.uid);
    await this.write(this.urlOf(object) ?? '', object, created.body);
  }

  /** PUTs what differs: the object, then its status. */
  private async write(url: string, wanted: any, present: any): Promise<void> {
    const { deletionTimestamp } = wanted.metadata;
    if (deletionTimestamp !== undefined && present.metadata.deletionTimestamp === undefined) {
      const body = JSON.stringify({ gracePeriodSeconds: wanted.metadata.deletionGracePeriodSeconds });
      await this.call(url, { method: 'DELETE', headers: JSON_TYPE, body });
    }
    const metadata = { ...present.metadata, labels: wanted.metadata.labels, annotations: wanted.metadata.annotations, finalizers: wanted.metadata.finalizers };
    delete metadata.resourceVersion;
    const body = { ...wanted, metadata };
    const probe = this.silently(() =>
      differences(
        { ...wanted, metadata: { ...wanted.metadata, resourceVersion: '' } },
        { ...present, metadata: { ...present.metadata, resourceVersion: '' } },
        this.known,
      ),
    );
    if (probe.length > 0) {
      const own = probe.some((line) => !line.startsWith('.status'));
      if (own) {
        await this.put(url, { ...body, status: present.status ?? wanted.status, metadata: { ...metadata, resourceVersion: present.metadata.resourceVersion } });
      }
      if (wanted.kind === 'CertificateSigningRequest' && wanted.status?.conditions !== undefined) await this.put(`${url}/approval`, body);
      if (wanted.status !== undefined) await this.put(`${url}/status`, body);
    }
    const now = await this.call(url);
    if (now.status !== 200) return;
    this.known.versions.set(wanted.metadata.resourceVersion, now.body.metadata.resourceVersion);
    this.known.seen.add(stateOf(wanted));
  }

  private async put(url: string, body: any): Promise<void> {
    await this.call(url, { method: 'PUT', headers: JSON_TYPE, body: this.known.translate(JSON.stringify(body)) });
  }

  private silently<T>(compare: () => T): T {
    const versions = new Map(this.known.versions);
    const latest = new Map(this.known.latest);
    const seen = [...this.known.seen];
    const result = compare();
    this.known.seen.clear();
    for (const state of seen) this.known.seen.add(state);
    this.known.latest.clear();
    for (const [uid, seen] of latest) this.known.latest.set(uid, seen);
    this.known.versions.clear();
    for (const [recorded, ours] of versions) this.known.versions.set(recorded, ours);
    return result;
  }

  private async remove(target: Target, name: string | undefined): Promise<void> {
    if (name === undefined || !this.serves(target.collection)) return;
    await this.call(`${target.collection}/${this.known.translate(name)}`, { method: 'DELETE', headers: JSON_TYPE, body: '{"gracePeriodSeconds":0}' });
  }

  /** Removes what a list does not show any more; with a selector, what has stopped to match. */
  private async dropUnlisted(exchange: Exchange, target: Target): Promise<void> {
    const { path } = exchange.request;
    if (/[?&]continue=/.test(path) || exchange.response.body?.metadata?.continue !== undefined) return;
    if (target.resource === 'namespaces') return;
    const listed = new Set(objectsIn(exchange.response).map((object) => `${object.metadata.namespace ?? ''}/${this.known.translate(object.metadata.name)}`));
    const selectors = [...path.matchAll(/(?:labelSelector|fieldSelector)=[^&]*/g)].map(([selector]) => selector).join('&');
    const ours = await this.call(this.known.translate(`${target.collection}?${selectors}`));
    for (const item of (ours.body?.items ?? []) as any[]) {
      if (listed.has(`${item.metadata.namespace ?? ''}/${item.metadata.name}`)) continue;
      const definition = this.definitions.find((candidate) => candidate.resource === target.resource && candidate.group === target.group);
      if (definition === undefined) continue;
      await this.call(`${this.collectionOf(definition, item.metadata.namespace)}/${item.metadata.name}`, {
        method: 'DELETE',
        headers: JSON_TYPE,
        body: '{"gracePeriodSeconds":0}',
      });
    }
  }

  /** True when our answer to the same request shows the object. */
  private async shows(path: string, object: any): Promise<boolean> {
    if (!path.includes('fieldSelector=')) return true;
    const { body } = await this.call(this.known.translate(path));
    const items: any[] = body?.items ?? body?.rows?.map((row: any) => row.object) ?? [];
    return items.some((item) => item.metadata.name === this.known.translate(object.metadata.name));
  }

  /** An object of which the exchange shows the metadata (and a Table's cells) only, completed from where it is shown whole. */
  private completed(partial: any, path: string): any {
    const whole = this.findAll((object) => object.metadata.uid === partial.metadata.uid).toSorted(byVersion);
    const exact = whole.find((object) => object.metadata.resourceVersion === partial.metadata.resourceVersion);
    if (exact !== undefined) return { ...exact, metadata: partial.metadata };
    const base = whole.findLast((object) => byVersion(object, partial) < 0) ?? whole[0];
    const object =
      base === undefined
        ? minimalObject(this.kindAt(path), partial.metadata, this.selectorsFor(partial, path))
        : { ...structuredClone(base), metadata: partial.metadata };
    return object === undefined || partial[CELLS] === undefined ? object : withCells(object, partial[CELLS]);
  }

  /** Everything that the recording selected the same state of an object by. */
  private selectorsFor(partial: any, path: string): string {
    const sightings = this.recording.steps
      .flatMap((step) => step.exchanges)
      .filter(({ response }) =>
        objectsIn(response).some(({ metadata }) => metadata.uid === partial.metadata.uid && metadata.resourceVersion === partial.metadata.resourceVersion),
      );
    const selectors = [path, ...sightings.map(({ request }) => request.path)].map(
      (one) => new URLSearchParams(one.split('?')[1] ?? '').get('fieldSelector') ?? '',
    );
    return `${path.split('?')[0] ?? ''}?${new URLSearchParams({ fieldSelector: selectors.filter((one) => one !== '').join(',') }).toString()}`;
  }

  private find(matches: (object: any) => boolean): any {
    return this.findAll(matches)[0];
  }

  private findAll(matches: (object: any) => boolean): readonly any[] {
    const all = this.recording.steps.flatMap((step) => step.exchanges).flatMap((exchange) => objectsIn(exchange.response));
    return all.filter((object) => object.kind !== 'PartialObjectMetadata' && matches(object));
  }

  private kindAt(path: string): { kind: string; apiVersion: string } | undefined {
    const target = parsePath(path);
    const found = this.definitions.find((candidate) => candidate.resource === target?.resource && candidate.group === target.group);
    return found === undefined ? undefined : { kind: found.kind, apiVersion: found.group === '' ? found.version : `${found.group}/${found.version}` };
  }

  private definitionOf(object: any): ResourceDefinition | undefined {
    return this.definitions.find(
      (candidate) =>
        candidate.kind === object.kind && (candidate.group === '' ? candidate.version : `${candidate.group}/${candidate.version}`) === object.apiVersion,
    );
  }

  private urlOf(object: any): string | undefined {
    const definition = this.definitionOf(object);
    if (definition === undefined) return undefined;
    return `${this.collectionOf(definition, object.metadata.namespace)}/${this.known.translate(object.metadata.name)}`;
  }

  private collectionOf(definition: ResourceDefinition, namespace: string | undefined): string {
    const root = definition.group === '' ? `/api/${definition.version}` : `/apis/${definition.group}/${definition.version}`;
    return definition.namespaced ? `${root}/namespaces/${namespace ?? ''}/${definition.resource}` : `${root}/${definition.resource}`;
  }
}

/** A certificate request says who made it, so it must be made by the same. */
function requestor(object: any): Record<string, string | string[]> {
  const { username, groups = [] } = object.kind === 'CertificateSigningRequest' ? (object.spec ?? {}) : {};
  if (username === undefined || username === 'kubernetes-admin') return {};
  return { 'Impersonate-User': username, 'Impersonate-Group': groups.filter((group: string) => group !== 'system:authenticated') };
}

/** Revisions that no cluster was at when it was recorded: long past, or far ahead. */
export function isOutside(version: number): boolean {
  return version < 450 || version > 10_000_000;
}

function byVersion(one: any, other: any): number {
  return Number(one.metadata.resourceVersion) - Number(other.metadata.resourceVersion);
}

type Json = Record<string, unknown>;

interface Target {
  readonly group: string;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly resource: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly collection: string;
}

function parsePath(path: string): Target | undefined {
  const plain = path.split('?')[0] ?? '';
  const found = /^(\/api\/(v1)|\/apis\/([^/]+)\/([^/]+))(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/(.+))?$/.exec(plain);
  if (found === null) return undefined;
  const [, root = '', core, group = '', version, namespace, resource = '', name, subresource] = found;
  const isNamespace = resource === 'namespaces';
  const inside = namespace === undefined || isNamespace ? '' : `/namespaces/${namespace}`;
  return {
    group,
    version: core ?? version ?? '',
    namespace: isNamespace ? undefined : namespace,
    resource,
    name,
    subresource,
    collection: `${root}${inside}/${resource}`,
  };
}

/** The object as it was before the request that answered it, as far as that can be told. */
function beforeRequest(object: any, method: string): any {
  if (method !== 'DELETE' || object.metadata.deletionTimestamp === undefined) return object;
  const metadata = omit(object.metadata as Json, 'deletionTimestamp', 'deletionGracePeriodSeconds');
  return { ...object, metadata };
}

/** `wanted` with everything that `patch` mentions put back to what is there now. */
function withoutTouched(wanted: any, present: any, patch: any): any {
  // Of a protobuf body it is not known here what it sets: it may be everything.
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch) || '$hex' in patch) return present;
  const result: any = { ...wanted };
  for (const [key, value] of Object.entries(patch)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && typeof result[key] === 'object' && !Array.isArray(result[key])) {
      result[key] = withoutTouched(result[key], present?.[key] ?? {}, value);
    } else if (present?.[key] === undefined) Reflect.deleteProperty(result, key);
    else result[key] = present[key];
  }
  return result;
}

const MINIMAL: Readonly<Record<string, object>> = {
  Pod: { spec: { containers: [{ name: 'main', image: 'busybox' }] } },
  Event: { involvedObject: { kind: 'Pod', name: 'web' }, reason: 'R', message: 'm' },
};

/** An object of which only metadata is known, made so that it matches the field selector that found it. */
function minimalObject(kind: { kind: string; apiVersion: string } | undefined, metadata: any, path: string): any {
  if (kind === undefined || metadata.name === '') return undefined;
  const object: any = { ...kind, metadata, ...structuredClone(MINIMAL[kind.kind] ?? {}) };
  if (object.involvedObject !== undefined) object.involvedObject.namespace = metadata.namespace;
  const selector = new URLSearchParams(path.split('?')[1] ?? '').get('fieldSelector') ?? '';
  for (const [, field = '', value = ''] of selector.matchAll(/([\w.]+)=([^,]+)/g)) {
    const names = field.split('.');
    if (names[0] === 'metadata') continue;
    let parent = object;
    for (const name of names.slice(0, -1)) parent = parent[name] ??= {};
    if (field === 'source') object.source = { component: value };
    else if (value !== 'true' && value !== 'false') parent[names.at(-1) ?? ''] = value;
  }
  if (object.status?.podIP !== undefined) object.status.phase ??= 'Running';
  return object;
}
