/** Image layers and volumes: names and metadata only, since the engine needs no disks. */
import { createHash } from 'node:crypto';
import { storageFailed } from './replies.ts';

export interface Layer {
  readonly id: string;
  /** Undefined for the scratch layer. */
  readonly parent: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Volume {
  readonly name: string;
  readonly label: string;
  readonly driver: string;
  readonly store: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const SCRATCH: Layer = { id: 'scratch', parent: undefined, metadata: {} };

export class ImageStore {
  private readonly uuid: string;
  private readonly host: string;
  private readonly layers = new Map<string, Layer>();

  constructor(uuid: string, host: string) {
    this.uuid = uuid;
    this.host = host;
  }

  put(layer: Layer): void {
    this.layers.set(layer.id, layer);
  }

  has(id: string): boolean {
    return this.layers.has(id);
  }

  delete(store: string, id: string): unknown {
    const layer = this.need(store, id);
    this.layers.delete(id);
    return this.render(layer);
  }

  forget(id: string): void {
    this.layers.delete(id);
  }

  create(store: string): string {
    if (store === this.uuid) throw storageFailed(409, 'An image store with that name already exists');
    throw storageFailed(503, `image store ${store} cannot be created: a VCH has one`);
  }

  list(store: string, ids: readonly string[] | undefined): readonly unknown[] {
    this.checkStore(store);
    const all = [...this.layers.values()];
    return (ids === undefined ? all : all.filter((layer) => ids.includes(layer.id))).map((layer) => this.render(layer));
  }

  get(store: string, id: string): unknown {
    return this.render(this.need(store, id));
  }

  need(store: string, id: string): Layer {
    this.checkStore(store);
    const layer = id === SCRATCH.id ? SCRATCH : this.layers.get(id);
    if (layer === undefined) throw storageFailed(404, 'file does not exist');
    return layer;
  }

  private checkStore(store: string): void {
    if (store !== this.uuid) throw storageFailed(404, 'file does not exist');
  }

  private render(layer: Layer): unknown {
    const base = `http://${this.host}/storage/images/${this.uuid}`;
    return {
      ID: layer.id,
      Metadata: Object.keys(layer.metadata).length === 0 ? undefined : layer.metadata,
      Parent: layer.parent === undefined ? undefined : `${base}/${layer.parent}`,
      SelfLink: `${base}/${layer.id}`,
      Store: base,
    };
  }
}

export class VolumeStore {
  private readonly host: string;
  readonly stores: readonly string[];
  private readonly volumes = new Map<string, Volume>();

  constructor(stores: readonly string[], host: string) {
    this.stores = [...stores].sort();
    this.host = host;
  }

  list(): readonly unknown[] {
    return [...this.volumes.values()].map(renderVolume);
  }

  find(name: string): Volume | undefined {
    return this.volumes.get(name);
  }

  get(name: string): unknown {
    const volume = this.volumes.get(name);
    if (volume === undefined) throw storageFailed(404, 'file does not exist');
    return renderVolume(volume);
  }

  create(request: { readonly name: string; readonly driver: string; readonly store: string; readonly metadata: Readonly<Record<string, string>> }): unknown {
    if (!this.stores.includes(request.store)) throw storageFailed(404, `volume store (http://${this.host}/storage/volumes/${request.store}) not found`);
    if (this.volumes.has(request.name)) throw storageFailed(409, 'file already exists');
    const label = createHash('md5').update(request.name).digest('hex').slice(0, 16);
    const volume: Volume = { ...request, label, driver: 'vsphere' };
    this.volumes.set(volume.name, volume);
    // The driver's name is echoed once and not kept.
    return renderVolume({ ...volume, driver: request.driver });
  }

  remove(name: string): void {
    this.volumes.delete(name);
  }
}

function renderVolume(volume: Volume): unknown {
  return {
    Driver: volume.driver,
    Label: volume.label,
    Metadata: Object.keys(volume.metadata).length === 0 ? undefined : volume.metadata,
    Name: volume.name,
    Store: volume.store,
  };
}
