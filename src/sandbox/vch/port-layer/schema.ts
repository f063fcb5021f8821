/** Request bodies as the port layer's generated Go models read them: which texts a refused body gets depends on these tables. */

export type FieldType = { readonly kind: 'string' | 'int' | 'bool' | 'strings' | 'map' | 'any' } | { readonly kind: 'model'; readonly model: Model };

export interface Field {
  readonly type: FieldType;
  readonly required?: boolean;
}

/** A model: JSON names in alphabetical order, which is the order in which problems are reported. */
export interface Model {
  readonly name: string;
  readonly fields: Readonly<Record<string, Field>>;
}

const string: Field = { type: { kind: 'string' } };
const requiredString: Field = { type: { kind: 'string' }, required: true };
const int: Field = { type: { kind: 'int' } };
const bool: Field = { type: { kind: 'bool' } };
const strings: Field = { type: { kind: 'strings' } };
const map: Field = { type: { kind: 'map' } };
/** Handles are declared as objects and are strings: anything is read, and only a known string is a handle. */
const handle: Field = { type: { kind: 'any' }, required: true };

const imageStore: Model = { name: 'ImageStore', fields: { name: requiredString } };
const networkConfig: Model = {
  name: 'NetworkConfig',
  fields: { address: string, aliases: strings, networkName: requiredString, ports: strings },
};

const handleOnly = (name: string): Model => ({ name, fields: { handle } });
const handleAndId = (name: string): Model => ({ name, fields: { handle, id: requiredString } });

export const MODELS = {
  ContainerCreateConfig: {
    name: 'ContainerCreateConfig',
    fields: {
      annotations: map,
      domainname: string,
      hostname: string,
      image: string,
      imageStore: { type: { kind: 'model', model: imageStore } },
      layer: string,
      memoryMB: int,
      name: string,
      networkDisabled: bool,
      numCPUs: int,
      repoName: string,
    },
  },
  ImageJoinConfig: { name: 'ImageJoinConfig', fields: { deltaID: requiredString, handle, imageID: string, repoName: string } },
  ImageStore: imageStore,
  InteractionJoinConfig: handleOnly('InteractionJoinConfig'),
  InteractionBindConfig: handleAndId('InteractionBindConfig'),
  InteractionUnbindConfig: handleAndId('InteractionUnbindConfig'),
  KeyValue: { name: 'KeyValue', fields: { Key: string, Value: string } },
  LoggingJoinConfig: handleOnly('LoggingJoinConfig'),
  LoggingBindConfig: handleOnly('LoggingBindConfig'),
  LoggingUnbindConfig: handleOnly('LoggingUnbindConfig'),
  ScopeConfig: {
    name: 'ScopeConfig',
    fields: {
      annotations: map,
      dns: strings,
      gateway: string,
      internal: bool,
      ipam: strings,
      name: requiredString,
      scopeType: requiredString,
      subnet: string,
    },
  },
  ScopesAddContainerConfig: {
    name: 'ScopesAddContainerConfig',
    fields: { handle: requiredString, networkConfig: { type: { kind: 'model', model: networkConfig }, required: true } },
  },
  TaskJoinConfig: {
    name: 'TaskJoinConfig',
    fields: {
      args: strings,
      attach: bool,
      env: strings,
      handle,
      id: string,
      namespace: string,
      openStdin: bool,
      path: requiredString,
      stopSignal: string,
      tty: bool,
      user: string,
      workingDir: string,
    },
  },
  TaskBindConfig: handleAndId('TaskBindConfig'),
  TaskUnbindConfig: handleAndId('TaskUnbindConfig'),
  TaskInspectConfig: handleAndId('TaskInspectConfig'),
  TaskRemoveConfig: handleAndId('TaskRemoveConfig'),
  TaskWaitConfig: handleAndId('TaskWaitConfig'),
  VolumeJoinConfig: {
    name: 'VolumeJoinConfig',
    fields: { Flags: map, Handle: requiredString, MountPath: requiredString },
  },
  VolumeRequest: {
    name: 'VolumeRequest',
    fields: {
      Capacity: { type: { kind: 'int' }, required: true },
      Driver: requiredString,
      DriverArgs: map,
      Metadata: map,
      Name: requiredString,
      Store: requiredString,
    },
  },
} as const satisfies Record<string, Model>;

/** `GET /containers/{handle}/state` and its like take a bare JSON string. */
export type BodyType = Model | 'string' | 'stream';
