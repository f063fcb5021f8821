import type { ObjectKey, ResourceDefinition, ResourceKey } from './resource.ts';

/** Finds definitions by what requests and objects name. */
export class Registry {
  readonly definitions: readonly ResourceDefinition[];
  private readonly byPath = new Map<string, ResourceDefinition>();

  constructor(definitions: readonly ResourceDefinition[]) {
    this.definitions = definitions;
    for (const definition of definitions) this.byPath.set(pathKey(definition.group, definition.version, definition.resource), definition);
  }

  find(group: string, version: string, resource: string): ResourceDefinition | undefined {
    return this.byPath.get(pathKey(group, version, resource));
  }

  /** The definition that stores objects of `key`. */
  storing(key: ResourceKey): ResourceDefinition {
    const found = this.definitions.find((definition) => definition.group === key.group && definition.resource === key.resource);
    if (found === undefined) throw new Error(`no definition of ${key.resource} in group "${key.group}"`);
    return found.viewOf === undefined ? found : this.storing(found.viewOf.of);
  }

  /** The definition that stores objects of `apiVersion` and `kind`. */
  ofKind(apiVersion: string, kind: string): ResourceDefinition | undefined {
    return this.definitions.find((definition) => definition.kind === kind && apiVersionOf(definition) === apiVersion);
  }

  /** True when some resource of this group and version is served. */
  servesVersion(group: string, version: string): boolean {
    return this.definitions.some((definition) => definition.group === group && definition.version === version);
  }

  /** Definitions with their own storage (no views). */
  get stored(): readonly ResourceDefinition[] {
    return this.definitions.filter((definition) => definition.viewOf === undefined);
  }
}

export function apiVersionOf(definition: { readonly group: string; readonly version: string }): string {
  return definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
}

/** Where an object of `definition` is stored. */
export function storageKey(definition: ResourceDefinition, namespace: string | undefined, name: string): ObjectKey {
  const { group, resource } = definition.viewOf?.of ?? definition;
  return definition.namespaced && namespace !== undefined ? { group, resource, namespace, name } : { group, resource, name };
}

function pathKey(group: string, version: string, resource: string): string {
  return `${group}/${version}/${resource}`;
}
