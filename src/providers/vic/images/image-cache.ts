import { familiarRepository, parseReference } from '../../../platform/image-reference.ts';

/** An image that the VCH has, as its personality keeps it in the key-value store (vmware/vic lib/imagec). */
export interface VchImage {
  /** Top layer: what an image join and a task's `namespace` take. */
  readonly layerId: string;
  /** 64 hex digits without prefix. */
  readonly imageId: string;
  readonly repoName: string;
  /** `repository@sha256:…` where a digest is known. */
  readonly repoDigests: readonly string[];
  /** `repository:tag` */
  readonly repoTags: readonly string[];
  readonly sizeBytes: number;
  readonly config: ImageConfig;
}

export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly stopSignal: string;
}

/** Both documents, parsed once per reading. */
export interface ImageCache {
  readonly byName: ReadonlyMap<string, VchImage>;
  /** Image id without prefix → image. */
  readonly byId: ReadonlyMap<string, VchImage>;
  /** Reference with tag or digest → image id without prefix. */
  readonly references: ReadonlyMap<string, string>;
}

/** From the values of `docker.images` and `docker.repositories`; a missing or empty document is an empty cache. */
export function parseImageCache(images: string | undefined, repositories: string | undefined): ImageCache {
  const document = parseObject(images, 'docker.images');
  const references = new Map<string, string>();
  for (const tags of Object.values(object(parseObject(repositories, 'docker.repositories')['Repositories']))) {
    for (const [reference, id] of Object.entries(object(tags))) {
      if (typeof id === 'string') references.set(reference, withoutPrefix(id));
    }
  }
  const names = new Map<string, string[]>();
  for (const [reference, id] of references) names.set(id, [...(names.get(id) ?? []), reference]);
  const byId = new Map<string, VchImage>();
  for (const value of Object.values(object(document['CacheByID']))) {
    const image = decodeImage(value, names);
    if (image !== undefined) byId.set(image.imageId, image);
  }
  const byName = new Map<string, VchImage>();
  for (const [name, value] of Object.entries(object(document['CacheByName']))) {
    const image = decodeImage(value, names);
    if (image !== undefined) byName.set(name, image);
  }
  return { byName, byId, references };
}

/**
 * Finds an image by what a pod calls it: the exact name; the name with `:latest` added or taken away; the repository map;
 * digests; the whole or an unambiguous part of the image id. Docker Hub's long and short names are the same.
 */
export function findImage(cache: ImageCache, name: string): VchImage | undefined {
  const names = candidates(name);
  const named = names.map((candidate) => cache.byName.get(candidate)).find((image) => image !== undefined);
  if (named !== undefined) return named;
  const mapped = names.map((candidate) => cache.byId.get(cache.references.get(candidate) ?? '')).find((image) => image !== undefined);
  if (mapped !== undefined) return mapped;
  return byId(cache, name);
}

function candidates(name: string): readonly string[] {
  const reference = parseReference(name);
  if (reference === undefined) return [name];
  const names = [name];
  const { tag, digest } = reference;
  const familiar = familiarRepository(reference.repository);
  for (const repository of new Set([reference.repository, familiar, `library/${familiar}`, `docker.io/${familiar}`, `docker.io/library/${familiar}`])) {
    // A digest says exactly which image is meant; a tag beside it is a remark.
    if (digest !== undefined) names.push(`${repository}@${digest}`);
    else if (tag === undefined) names.push(repository, `${repository}:latest`);
    else names.push(`${repository}:${tag}`, ...(tag === 'latest' ? [repository] : []));
  }
  return names;
}

function byId(cache: ImageCache, name: string): VchImage | undefined {
  const id = withoutPrefix(name);
  if (!/^[0-9a-f]{4,64}$/.test(id)) return undefined;
  const found = [...cache.byId.values()].filter((image) => image.imageId.startsWith(id));
  return found.length === 1 ? found[0] : undefined;
}

function decodeImage(value: unknown, names: ReadonlyMap<string, readonly string[]>): VchImage | undefined {
  const wire = object(value);
  const config = object(wire['config']);
  const imageId = withoutPrefix(text(wire['image_id']));
  const layerId = text(wire['id']);
  if (imageId === '' || layerId === '') return undefined;
  const own = names.get(imageId) ?? [];
  return {
    layerId,
    imageId,
    repoName: text(wire['name']),
    repoDigests: own.filter(isDigest),
    repoTags: own.filter((reference) => !isDigest(reference)),
    sizeBytes: typeof wire['Size'] === 'number' ? wire['Size'] : 0,
    config: {
      entrypoint: texts(config['Entrypoint']),
      command: texts(config['Cmd']),
      env: texts(config['Env']),
      user: text(config['User']),
      workingDir: text(config['WorkingDir']),
      stopSignal: text(config['StopSignal']),
    },
  };
}

function isDigest(reference: string): boolean {
  return reference.includes('@sha256:');
}

function withoutPrefix(id: string): string {
  return id.replace(/^sha256:/, '');
}

function parseObject(document: string | undefined, key: string): Readonly<Record<string, unknown>> {
  if (document === undefined || document === '') return {};
  try {
    return object(JSON.parse(document));
  } catch (error) {
    throw new Error(`the VCH's image list (${key}) is not valid JSON`, { cause: error });
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
