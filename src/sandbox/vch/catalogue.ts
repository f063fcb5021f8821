/** The registries that a sandbox VCH can pull from, as data. No network is used. */
import { createHash } from 'node:crypto';

/** The part of a Docker container configuration that images set. Absent: unset. */
export interface ImageConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** Ids of an image that are not made from its name. */
interface KnownIds {
  readonly imageId: string;
  readonly layerId: string;
  readonly blobSum?: string;
  readonly diffId?: string;
  readonly digest?: string;
}

export interface CatalogueRepository {
  /** Registry host; undefined for Docker Hub. */
  readonly host?: string;
  /** Repository as the registry knows it: `library/alpine`, `team/app`. */
  readonly repository: string;
  readonly config: ImageConfig;
  /** Compressed size that progress lines tell, bytes. */
  readonly size: number;
  /** Size of the image on disk, bytes; default: `size`. */
  readonly unpacked?: number;
  /** The only tags that there are; default: any. */
  readonly tags?: readonly string[];
  /** Known ids by tag; any other tag gets ids made from its name. */
  readonly ids?: Readonly<Record<string, KnownIds>>;
}

export interface RegistryImage {
  readonly repository: string;
  readonly tag: string;
  /** 64 hex digits each. */
  readonly imageId: string;
  readonly layerId: string;
  readonly blobSum: string;
  readonly diffId: string;
  /** With `sha256:`. */
  readonly digest: string;
  readonly size: number;
  readonly unpacked: number;
  readonly config: ImageConfig;
}

/** A registry that needs a login. */
interface PrivateRegistry {
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Tags that no repository has. */
const MISSING_TAGS: readonly string[] = ['nope', 'missing', 'does-not-exist'];

/** Hosts that refuse connections. */
const UNREACHABLE_HOSTS: readonly string[] = ['127.0.0.1:9', 'localhost:9', 'unreachable.sandbox.example'];

const PRIVATE_REGISTRY: PrivateRegistry = { host: 'private.sandbox.example', username: 'sandbox', password: 'sandbox' };

const shell = (script: string): ImageConfig => ({ Env: [PATH], Entrypoint: ['/bin/sh', '-c'], Cmd: [script] });

export const CATALOGUE: readonly CatalogueRepository[] = [
  {
    repository: 'library/busybox',
    config: { Env: [PATH], Cmd: ['sh'] },
    size: 723_146,
    ids: {
      latest: {
        imageId: 'edb7206e07d709e3ceea5780e4b83927a85b0f28c9973ea216722d57331621e5',
        layerId: '851a58af55de1e99f91ee9b4614f56841d514083fef77e925b6244f6ccc8b965',
      },
    },
  },
  {
    repository: 'library/alpine',
    config: { Env: [PATH], Cmd: ['/bin/sh'] },
    size: 2_206_931,
    ids: {
      '3.8': {
        imageId: '9a0974ce93616907c9324725668981cd602ba7be63fcc2ff316d882926a6754a',
        layerId: '49510755630dd617529a7a0c787c4f7f55a051aeff4cb3e90ef4d39a5d0bda26',
      },
      latest: {
        imageId: '023684dabda2aa6352a4bf8ce02bff0942e011dcc8125571ea6616001da37fee',
        layerId: '3b8593308785bb1a313e81dda09b1c35a9397c8a9e08e01a58c1e7cc97763ddd',
      },
    },
  },
  { repository: 'library/debian', config: { Env: [PATH], Cmd: ['bash'] }, size: 45_379_651 },
  { repository: 'library/ubuntu', config: { Env: [PATH], Cmd: ['/bin/bash'] }, size: 28_857_000 },
  {
    repository: 'library/nginx',
    config: { Env: [PATH, 'NGINX_VERSION=1.25.5'], Cmd: ['nginx', '-g', 'daemon off;'], ExposedPorts: { '80/tcp': {} }, StopSignal: 'SIGQUIT' },
    size: 44_815_000,
  },
  {
    repository: 'library/redis',
    config: { Env: [PATH], Cmd: ['redis-server'], ExposedPorts: { '6379/tcp': {} }, Volumes: { '/data': {} }, WorkingDir: '/data' },
    size: 31_000_000,
  },
  { repository: 'library/python', config: { Env: [PATH, 'LANG=C.UTF-8'], Cmd: ['python3'] }, size: 340_000_000 },
  { repository: 'library/hello-world', config: shell('echo Hello from the vick sandbox!'), size: 2_459 },
  { repository: 'pause', config: { Env: [PATH], Cmd: ['sleep', '2147483647'] }, size: 300_000 },
  // Programs for demonstrations and tests: everything in them is plain POSIX shell.
  { repository: 'sandbox/hello', config: shell('echo "hello from $(hostname)"; echo "args: $*"'), size: 1_024 },
  { repository: 'sandbox/counter', config: shell('i=0; while true; do i=$((i+1)); echo "tick $i"; sleep 1; done'), size: 1_024 },
  { repository: 'sandbox/sleep', config: { Env: [PATH], Entrypoint: ['sleep'], Cmd: ['2147483647'] }, size: 1_024 },
  { repository: 'sandbox/fail', config: shell('echo "about to fail" >&2; exit 3'), size: 1_024 },
  { repository: 'sandbox/stubborn', config: shell('trap "" TERM; echo deaf; while true; do sleep 0.2; done'), size: 1_024 },
  { host: PRIVATE_REGISTRY.host, repository: 'team/app', config: shell('echo private; exec sleep 2147483647'), size: 4_096 },
];

/** What an address of an image can mean to a puller. */
type Lookup =
  | { readonly kind: 'image'; readonly image: RegistryImage }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'unauthorized' };

export interface Registry {
  lookup(host: string | undefined, repository: string, tag: string, login: { readonly username: string; readonly password: string } | undefined): Lookup;
  /** Whether the host takes this login; undefined: it cannot be asked. */
  login(host: string, username: string, password: string): boolean | undefined;
}

/** A registry over `catalogue`. A tag may also be a digest that this registry gave out. */
export function createRegistry(catalogue: readonly CatalogueRepository[] = CATALOGUE): Registry {
  return {
    lookup: (host, repository, tag, login) => {
      if (host !== undefined && UNREACHABLE_HOSTS.includes(host)) return { kind: 'unreachable' };
      if (host === PRIVATE_REGISTRY.host && (login?.username !== PRIVATE_REGISTRY.username || login.password !== PRIVATE_REGISTRY.password)) {
        return { kind: 'unauthorized' };
      }
      const entry = catalogue.find((one) => one.host === host && one.repository === repository && (one.tags?.includes(tag) ?? true));
      if (entry === undefined || MISSING_TAGS.includes(tag)) return { kind: 'not-found' };
      if (!tag.startsWith('sha256:')) return { kind: 'image', image: imageOf(entry, tag) };
      const known = [...Object.keys(entry.ids ?? {}), 'latest', ...COMMON_TAGS].find((one) => imageOf(entry, one).digest === tag);
      return known === undefined ? { kind: 'not-found' } : { kind: 'image', image: imageOf(entry, known) };
    },
    login: (host, username, password) => {
      if (host === PRIVATE_REGISTRY.host) return username === PRIVATE_REGISTRY.username && password === PRIVATE_REGISTRY.password;
      return UNREACHABLE_HOSTS.includes(host) ? undefined : false;
    },
  };
}

/** Tags whose digests can be pulled by digest without having been pulled by tag. */
const COMMON_TAGS = ['1', '2', '3', '3.8', '3.20', '1.36', 'stable', '12', '22.04', '24.04', '1.25', 'v1', 'v2'];

function imageOf(entry: CatalogueRepository, tag: string): RegistryImage {
  const name = `${entry.host ?? 'docker.io'}/${entry.repository}:${tag}`;
  const hash = (what: string): string => createHash('sha256').update(`${what} ${name}`).digest('hex');
  const ids = entry.ids?.[tag];
  return {
    repository: entry.repository,
    tag,
    imageId: ids?.imageId ?? hash('image'),
    layerId: ids?.layerId ?? hash('layer'),
    blobSum: ids?.blobSum ?? `sha256:${hash('blob')}`,
    diffId: ids?.diffId ?? `sha256:${hash('diff')}`,
    digest: ids?.digest ?? `sha256:${hash('manifest')}`,
    size: entry.size,
    unpacked: entry.unpacked ?? entry.size,
    config: entry.config,
  };
}
