import type { Draft } from '../resource.ts';
import { at, mapsOf, textOf } from '../resources/fields.ts';
import { badRequest, notFound } from '../status-errors.ts';
import type { ObjectStore } from '../store/object-store.ts';

const PODS = { group: '', resource: 'pods' };

export interface PodContainer {
  readonly pod: Draft;
  readonly namespace: string;
  readonly name: string;
  readonly container: string;
  /** Empty while the pod is not bound. */
  readonly node: string;
}

/** What a request for a container of a pod is about (pkg/registry/core/pod/strategy.go: validateContainer). Throws ApiError. */
export function findContainer(store: ObjectStore, namespace: string, name: string, asked: string): PodContainer {
  const pod = findPod(store, namespace, name);
  return { pod, namespace, name, container: asked === '' ? onlyContainer(pod, name) : known(pod, name, asked), node: nodeOf(pod) };
}

/** Throws a 404. */
export function findPod(store: ObjectStore, namespace: string, name: string): Draft {
  const pod = store.get({ ...PODS, namespace, name });
  if (pod === undefined) throw notFound(PODS, name);
  return pod;
}

/** Throws a 400 for a pod that is not bound. */
export function boundNode(pod: Draft): string {
  const node = nodeOf(pod);
  if (node === '') throw badRequest(`pod ${pod.metadata.name ?? ''} does not have a host assigned`);
  return node;
}

function nodeOf(pod: Draft): string {
  return textOf(at(pod, 'spec', 'nodeName'));
}

function onlyContainer(pod: Draft, name: string): string {
  const [only, ...others] = namesIn(pod, 'containers');
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${name}`);
  if (others.length === 0) return only;
  const initial = namesIn(pod, 'initContainers');
  const orInitial = initial.length === 0 ? '' : ` or one of the init containers: [${initial.join(' ')}]`;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${[only, ...others].join(' ')}]${orInitial}`);
}

function known(pod: Draft, name: string, asked: string): string {
  const all = ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) => namesIn(pod, list));
  if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
  return asked;
}

function namesIn(pod: Draft, list: string): readonly string[] {
  return mapsOf(at(pod, 'spec', list)).map((container) => textOf(container['name']));
}
