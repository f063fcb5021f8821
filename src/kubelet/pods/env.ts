/** The environment of a container (pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables). */
import { messageOf } from '../../errors/vick-error.ts';
import type { ConfigMap, Container, Pod, Secret, Service } from '../../platform/kubernetes-objects.ts';
import { ProviderFailure } from '../provider.ts';
import { podField, type FieldSources } from './env-fields.ts';
import { isEnvName, type EnvNameRule } from './env-names.ts';
import { resourceField, type Allocatable } from './env-resources.ts';
import { serviceVariables, type ApiServerAddress } from './env-services.ts';
import { expand } from './expand.ts';

/** Objects that pods refer to. Undefined: there is none. Rejects when the API cannot be asked. */
export interface ObjectReader {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
}

export interface EnvSources extends FieldSources {
  readonly allocatable: Allocatable;
  readonly objects: ObjectReader;
  /** All services, once they are known. Rejects with a reason when they are not. */
  readonly services: () => Promise<readonly Service[]>;
  readonly apiServer?: ApiServerAddress;
  /** Default `relaxed`. */
  readonly envNames?: EnvNameRule;
  /** Keys of an `envFrom` source that make no variable name were left out. */
  readonly onSkipped?: (message: string) => void;
  /** Something that a container refers to is not there; told each time it is looked for. */
  readonly onMissing?: (missing: MissingReference) => void;
}

export interface MissingReference {
  readonly container: string;
  readonly kind: 'configMap' | 'secret';
  readonly name: string;
  /** Undefined: there is no such object; else it has no such key. */
  readonly key: string | undefined;
  readonly optional: boolean;
}

export interface EnvVariable {
  readonly name: string;
  readonly value: string;
}

type EnvEntry = NonNullable<Container['env']>[number];
type EnvFromEntry = NonNullable<Container['envFrom']>[number];

/**
 * Service variables, then `envFrom`, then `env`, each in order; a later value of a name wins. Rejects with
 * ProviderFailure `CreateContainerConfigError` for what is missing.
 */
export async function resolveEnv(pod: Pod, container: Container, sources: EnvSources): Promise<readonly EnvVariable[]> {
  try {
    const links = { namespace: pod.metadata?.namespace ?? '', links: pod.spec?.enableServiceLinks ?? true };
    const values = new Map(serviceVariables(await sources.services(), links, sources.apiServer));
    const set = (name: string, value: string): void => {
      values.delete(name);
      values.set(name, value);
    };
    for (const entry of container.envFrom ?? []) for (const [name, value] of await fromWholeObject(pod, container.name, entry, sources)) set(name, value);
    for (const entry of container.env ?? []) {
      const value =
        entry.valueFrom === undefined || (entry.value ?? '') !== ''
          ? expand(entry.value ?? '', (name) => values.get(name))
          : await referenced(pod, container, entry, sources);
      if (value !== undefined) set(entry.name, value);
    }
    return [...values].map(([name, value]) => ({ name, value }));
  } catch (error) {
    throw new ProviderFailure('CreateContainerConfigError', messageOf(error), { container: container.name, cause: error });
  }
}

/** The host name of a pod: `spec.hostname`, or its name cut to what a label allows. */
export function hostnameOf(pod: Pod): string {
  const name = pod.spec?.hostname ?? pod.metadata?.name ?? '';
  return name.slice(0, 63).replace(/[-.]+$/, '');
}

async function fromWholeObject(pod: Pod, container: string, entry: EnvFromEntry, sources: EnvSources): Promise<readonly (readonly [string, string])[]> {
  const namespace = pod.metadata?.namespace ?? '';
  const { configMapRef, secretRef, prefix = '' } = entry;
  const name = configMapRef?.name ?? secretRef?.name ?? '';
  const kind = configMapRef === undefined ? 'secret' : 'configMap';
  const object = kind === 'secret' ? await secretData(namespace, name, sources) : await configMapData(namespace, name, sources);
  if (object === undefined) {
    const optional = (configMapRef ?? secretRef)?.optional === true;
    sources.onMissing?.({ container, kind, name, key: undefined, optional });
    if (optional) return [];
    throw notFound(kind, name);
  }
  const named = Object.entries(object).map(([key, value]): readonly [string, string] => [prefix + key, value]);
  const rule = sources.envNames ?? 'relaxed';
  const skipped = named.flatMap(([key]) => (isEnvName(key, rule) ? [] : [key])).sort();
  if (skipped.length > 0) {
    sources.onSkipped?.(
      `Keys [${skipped.join(', ')}] from the EnvFrom ${kind} ${namespace}/${name} were skipped since they are considered invalid environment variable names.`,
    );
  }
  return named.filter(([key]) => isEnvName(key, rule)).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The value of a variable, or undefined when what it refers to is optional and missing. */
async function referenced(pod: Pod, container: Container, entry: EnvEntry, sources: EnvSources): Promise<string | undefined> {
  const namespace = pod.metadata?.namespace ?? '';
  const from = entry.valueFrom ?? {};
  if (from.fieldRef !== undefined) {
    const value = podField(pod, from.fieldRef.fieldPath, sources);
    if (value === undefined) throw new Error(`the value of ${from.fieldRef.fieldPath} for variable ${entry.name} is not known before the container starts`);
    return value;
  }
  if (from.resourceFieldRef !== undefined) {
    const { containerName = '' } = from.resourceFieldRef;
    return resourceField(pod, containerName === '' ? container : containerNamed(pod, containerName), from.resourceFieldRef, sources.allocatable);
  }
  if (from.configMapKeyRef !== undefined) {
    const { name = '', key, optional = false } = from.configMapKeyRef;
    return keyOf(
      await configMapData(namespace, name, sources),
      { kind: 'configMap', title: 'ConfigMap', namespace, name, key, optional, container: container.name },
      sources,
    );
  }
  if (from.secretKeyRef !== undefined) {
    const { name = '', key, optional = false } = from.secretKeyRef;
    return keyOf(
      await secretData(namespace, name, sources),
      { kind: 'secret', title: 'Secret', namespace, name, key, optional, container: container.name },
      sources,
    );
  }
  throw new Error(`variable ${entry.name} takes its value from a kind of source that this node does not support: ${Object.keys(from).join(', ')}`);
}

/** A container of the pod, init containers included. Throws Error when there is none of that name. */
export function containerNamed(pod: Pod, name: string): Container {
  const found = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((container) => container.name === name);
  if (found === undefined) throw new Error(`container ${name} not found`);
  return found;
}

interface KeyReference {
  readonly container: string;
  readonly kind: 'configMap' | 'secret';
  readonly title: 'ConfigMap' | 'Secret';
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  readonly optional: boolean;
}

function keyOf(data: Readonly<Record<string, string>> | undefined, reference: KeyReference, sources: EnvSources): string | undefined {
  const { container, kind, title, namespace, name, key, optional } = reference;
  const value = data !== undefined && Object.hasOwn(data, key) ? data[key] : undefined;
  if (value !== undefined) return value;
  sources.onMissing?.({ container, kind, name, key: data === undefined ? undefined : key, optional });
  if (optional) return undefined;
  if (data === undefined) throw notFound(kind, name);
  throw new Error(`couldn't find key ${key} in ${title} ${namespace}/${name}`);
}

async function configMapData(namespace: string, name: string, sources: EnvSources): Promise<Readonly<Record<string, string>> | undefined> {
  const object = await sources.objects.configMap(namespace, name);
  return object === undefined ? undefined : (object.data ?? {});
}

async function secretData(namespace: string, name: string, sources: EnvSources): Promise<Readonly<Record<string, string>> | undefined> {
  const object = await sources.objects.secret(namespace, name);
  if (object === undefined) return undefined;
  return Object.fromEntries(Object.entries(object.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}

function notFound(kind: 'configMap' | 'secret', name: string): Error {
  return new Error(`${kind.toLowerCase()} "${name}" not found`);
}
