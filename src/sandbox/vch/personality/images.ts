/** The personality's image cache and repository list, kept in the port layer's key-value store. */
import type { ImageConfig } from '../catalogue.ts';
import type { KeyValueStore } from '../port-layer/kv.ts';
import type { ImageStore } from '../port-layer/storage.ts';
import { parseReference } from './reference.ts';

/** One image as `docker.images` has it: Docker's v1 document plus VIC's fields, flat. */
export interface CachedImage {
  /** Layer id of the top layer. */
  readonly id: string;
  readonly created: string;
  readonly container_config: object;
  readonly docker_version: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly architecture: string;
  readonly os: string;
  readonly Size: number;
  /** Image id without `sha256:`. */
  readonly image_id: string;
  readonly tags?: readonly string[];
  readonly digests?: readonly string[];
  readonly name: string;
  readonly history?: readonly object[];
  /** The reference that it was pulled with. */
  readonly registry: string;
}

interface LayerRecord {
  readonly ID: string;
  readonly Parent: string;
  readonly Store: string;
  readonly DiffID: string;
  readonly Layer: { readonly blobSum: string };
  readonly Meta: string;
  readonly Size: number;
  readonly Downloading: boolean;
}

const IMAGES_KEY = 'docker.images';
const REPOSITORIES_KEY = 'docker.repositories';
const LAYERS_KEY = 'docker.layers';

export class ImageCache {
  private readonly kv: KeyValueStore;
  private readonly layerStore: ImageStore;
  private byId = new Map<string, CachedImage>();
  private byName = new Map<string, CachedImage>();
  private repositories = new Map<string, Map<string, string>>();
  private layers = new Map<string, LayerRecord>();
  /** Layer id → image id; entries of removed images stay. */
  private layerImages = new Map<string, string>();

  constructor(kv: KeyValueStore, layerStore: ImageStore) {
    this.kv = kv;
    this.layerStore = layerStore;
  }

  /** Reads what an earlier run, or another personality, stored. */
  load(): void {
    const images = parse(this.kv.get(IMAGES_KEY)) as { CacheByID?: Record<string, CachedImage>; CacheByName?: Record<string, CachedImage> } | undefined;
    const repositories = parse(this.kv.get(REPOSITORIES_KEY)) as
      { Repositories?: Record<string, Record<string, string>>; Layers?: Record<string, string> } | undefined;
    this.layerImages = new Map(Object.entries(repositories?.Layers ?? {}));
    const layers = parse(this.kv.get(LAYERS_KEY)) as { Layers?: Record<string, LayerRecord> } | undefined;
    this.byId = new Map(Object.values(images?.CacheByID ?? {}).map((image) => [image.image_id, image]));
    this.byName = new Map(Object.entries(images?.CacheByName ?? {}));
    this.repositories = new Map(Object.entries(repositories?.Repositories ?? {}).map(([name, references]) => [name, new Map(Object.entries(references))]));
    this.layers = new Map(Object.entries(layers?.Layers ?? {}));
    for (const image of this.byId.values()) this.layerStore.put({ id: image.id, parent: 'scratch', metadata: { metaData: '{}' } });
  }

  get size(): number {
    return this.byId.size;
  }

  all(): readonly CachedImage[] {
    return [...this.byId.values()];
  }

  hasLayer(id: string): boolean {
    return this.layers.has(id);
  }

  /** By reference (tag `latest` implied), image id with or without prefix, or unambiguous start of an id. */
  find(wanted: string): CachedImage | undefined {
    const id = wanted.replace(/^sha256:/, '');
    const exact = this.byId.get(id) ?? this.byReference(wanted);
    if (exact !== undefined || !/^[0-9a-f]{4,64}$/.test(id)) return exact;
    const starting = this.all().filter((image) => image.image_id.startsWith(id));
    return starting.length === 1 ? starting[0] : undefined;
  }

  /** Whether the name is an id, or the start of one, and no reference. */
  isId(wanted: string): boolean {
    return this.byReference(wanted) === undefined && this.find(wanted) !== undefined;
  }

  /** Tags and digests under which an image is known. */
  referencesOf(imageId: string): { readonly tags: readonly string[]; readonly digests: readonly string[] } {
    const all = [...this.repositories.values()].flatMap((references) => [...references].filter(([, id]) => id === imageId).map(([reference]) => reference));
    return { tags: all.filter((one) => !one.includes('@')), digests: all.filter((one) => one.includes('@')) };
  }

  /** Exactly as it is written: no tag is implied. */
  hasReference(reference: string): boolean {
    return [...this.repositories.values()].some((references) => references.has(reference));
  }

  /** The image that a layer is the top of, also when the image is gone. */
  imageOfLayer(layerId: string): string | undefined {
    return this.layerImages.get(layerId);
  }

  async add(image: CachedImage, layer: LayerRecord | undefined, digest: string | undefined): Promise<void> {
    this.byId.set(image.image_id, image);
    this.byName.set(image.registry, image);
    this.layerImages.set(image.id, image.image_id);
    const name = repositoryOf(image.registry);
    const references = this.repositories.get(name) ?? new Map<string, string>();
    references.set(image.registry, image.image_id);
    if (digest !== undefined) references.set(`${name}@${digest}`, image.image_id);
    this.repositories.set(name, references);
    if (layer !== undefined) this.layers.set(layer.ID, layer);
    this.layerStore.put({ id: image.id, parent: 'scratch', metadata: { metaData: layer?.Meta ?? '{}' } });
    await this.save();
  }

  async tag(image: CachedImage, name: string, reference: string): Promise<void> {
    const references = this.repositories.get(name) ?? new Map<string, string>();
    references.set(reference, image.image_id);
    this.repositories.set(name, references);
    await this.save();
  }

  /** Forgets one reference; the image itself when it was meant by its id, has no other tag, or exactly one digest, as what was pulled has. */
  async remove(image: CachedImage, reference: string, byId: boolean): Promise<readonly object[]> {
    const { tags, digests } = this.referencesOf(image.image_id);
    const pulled = byId || tags.length <= 1 || digests.length === 1;
    const gone = pulled ? [...tags, ...digests] : [reference];
    for (const [name, references] of this.repositories) {
      for (const one of gone) references.delete(one);
      if (references.size === 0) this.repositories.delete(name);
    }
    const blob = this.layers.get(image.id)?.Layer.blobSum.replace(/^sha256:/, '');
    if (pulled) {
      this.byId.delete(image.image_id);
      for (const [name, other] of this.byName) if (other.image_id === image.image_id) this.byName.delete(name);
      this.layers.delete(image.id);
      this.layerStore.forget(image.id);
    }
    await this.save();
    return [...(pulled ? [{ Deleted: blob ?? image.id }] : []), ...gone.map((one) => ({ Untagged: one }))];
  }

  private byReference(wanted: string): CachedImage | undefined {
    for (const candidate of [wanted, `${wanted}:latest`, wanted.replace(/:latest$/, '')]) {
      const id =
        this.byName.get(candidate)?.image_id ?? [...this.repositories.values()].map((references) => references.get(candidate)).find((one) => one !== undefined);
      const image = id === undefined ? undefined : this.byId.get(id);
      if (image !== undefined) return image;
    }
    return undefined;
  }

  private async save(): Promise<void> {
    const sorted = <T>(map: ReadonlyMap<string, T>, prefix = ''): Record<string, T> =>
      Object.fromEntries([...map].map(([key, value]) => [`${prefix}${key}`, value] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
    await this.kv.put(IMAGES_KEY, JSON.stringify({ IDIndex: {}, CacheByID: sorted(this.byId, 'sha256:'), CacheByName: sorted(this.byName) }));
    const repositories = sorted(new Map([...this.repositories].map(([name, references]) => [name, sorted(references)])));
    await this.kv.put(REPOSITORIES_KEY, JSON.stringify({ Repositories: repositories, Layers: sorted(this.layerImages) }));
    await this.kv.put(LAYERS_KEY, JSON.stringify({ Layers: sorted(this.layers) }));
  }
}

/** Docker's container configuration with every key, as it is written into the cache. */
export function fullConfig(config: ImageConfig): Readonly<Record<string, unknown>> {
  return {
    Hostname: '',
    Domainname: '',
    User: config.User ?? '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ...(config.ExposedPorts === undefined ? {} : { ExposedPorts: config.ExposedPorts }),
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    Image: '',
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? '',
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: null,
    Labels: config.Labels ?? null,
    ...(config.StopSignal === undefined ? {} : { StopSignal: config.StopSignal }),
  };
}

function repositoryOf(reference: string): string {
  const parsed = parseReference(reference);
  return parsed.ok ? parsed.reference.name : reference;
}

function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}
