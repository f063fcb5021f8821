/** The files of configMap, secret, downwardAPI and projected volumes (pkg/volume/{configmap,secret,downwardapi,projected}). */
import { messageOf } from '../../../errors/vick-error.ts';
import type { Pod, Volume } from '../../../platform/kubernetes-objects.ts';
import type { VolumeFile } from '../../provider.ts';
import { containerNamed, type ObjectReader } from '../env.ts';
import { podField, type FieldSources } from '../env-fields.ts';
import { resourceField, type Allocatable } from '../env-resources.ts';
import type { HeldToken, TokenWish } from '../references/tokens.ts';
import { refOf } from '../runtime.ts';
import { commonUser } from '../security.ts';
import { fileSet, selectFiles, type KeyToPath, type Payload } from './file-set.ts';

export interface VolumeSources extends FieldSources {
  readonly allocatable: Allocatable;
  readonly objects: ObjectReader;
  readonly token: (wish: TokenWish) => Promise<HeldToken>;
}

export interface BuiltFiles {
  readonly files: readonly VolumeFile[];
  /** When a token among them should be renewed; milliseconds since the epoch. */
  readonly refreshAt?: number;
}

interface Build {
  readonly pod: Pod;
  readonly sources: VolumeSources;
  readonly defaultMode: number;
  readonly refreshAt: number[];
}

type Projected = NonNullable<Volume['projected']>;
type Projection = NonNullable<Projected['sources']>[number];
type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

interface ObjectSource {
  readonly name: string;
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean;
}

const DEFAULT_MODE = 0o644;
const DEFAULT_TOKEN_SECONDS = 3600;

/** Whether the files of a volume are put together here. */
export function isFileVolume({ configMap, secret, downwardAPI, projected }: Volume): boolean {
  return [configMap, secret, downwardAPI, projected].some((source) => source !== undefined);
}

/** Rejects with Error whose message says what is missing, as kubelets say it. */
export async function buildFiles(pod: Pod, volume: Volume, sources: VolumeSources): Promise<BuiltFiles> {
  const { configMap, secret, downwardAPI, projected } = volume;
  const defaultMode = (configMap ?? secret ?? downwardAPI ?? projected)?.defaultMode ?? DEFAULT_MODE;
  const build: Build = { pod, sources, defaultMode, refreshAt: [] };
  const files: VolumeFile[] = [];
  if (configMap !== undefined) files.push(...(await configMapFiles(build, objectSource(configMap.name, configMap))));
  if (secret !== undefined) files.push(...(await secretFiles(build, objectSource(secret.secretName, secret))));
  if (downwardAPI !== undefined) files.push(...downwardFiles(build, downwardAPI.items ?? []));
  if (projected !== undefined) files.push(...(await projectedFiles(build, projected)));
  const set = fileSet(files, pod.spec?.securityContext?.fsGroup);
  return build.refreshAt.length === 0 ? { files: set } : { files: set, refreshAt: Math.min(...build.refreshAt) };
}

/** All sources are tried, so that the pod's owner sees at once what is missing. */
async function projectedFiles(build: Build, { sources = [] }: Projected): Promise<readonly VolumeFile[]> {
  const problems: string[] = [];
  const files: VolumeFile[] = [];
  for (const source of sources) {
    try {
      files.push(...(await projectionFiles(build, source)));
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  if (problems.length === 0) return files;
  throw new Error(problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`);
}

async function projectionFiles(build: Build, source: Projection): Promise<readonly VolumeFile[]> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap !== undefined) return await configMapFiles(build, objectSource(configMap.name, configMap));
  if (secret !== undefined) return await secretFiles(build, objectSource(secret.name, secret));
  if (downwardAPI !== undefined) return downwardFiles(build, downwardAPI.items ?? []);
  if (serviceAccountToken !== undefined) return [await tokenFile(build, serviceAccountToken)];
  throw new Error(`a projected source of this kind is not supported on this node: ${Object.keys(source).join(', ')}`);
}

function objectSource(name: string | undefined, more: { readonly items?: readonly KeyToPath[]; readonly optional?: boolean }): ObjectSource {
  return { name: name ?? '', items: more.items, optional: more.optional ?? false };
}

async function configMapFiles({ pod, sources, defaultMode }: Build, { name, items, optional }: ObjectSource): Promise<readonly VolumeFile[]> {
  const object = await sources.objects.configMap(pod.metadata?.namespace ?? '', name);
  if (object === undefined && !optional) throw new Error(`configmap "${name}" not found`);
  const payload: Payload = new Map([...decoded(object?.binaryData, 'base64'), ...decoded(object?.data, 'utf8')]);
  return selectFiles(payload, { items, defaultMode, optional, word: 'config' });
}

async function secretFiles({ pod, sources, defaultMode }: Build, { name, items, optional }: ObjectSource): Promise<readonly VolumeFile[]> {
  const object = await sources.objects.secret(pod.metadata?.namespace ?? '', name);
  if (object === undefined && !optional) throw new Error(`secret "${name}" not found`);
  return selectFiles(new Map(decoded(object?.data, 'base64')), { items, defaultMode, optional, word: 'secret' });
}

function decoded(data: Readonly<Record<string, string>> | undefined, encoding: 'base64' | 'utf8'): readonly (readonly [string, Uint8Array])[] {
  return Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)] as const);
}

function downwardFiles(build: Build, items: readonly DownwardItem[]): readonly VolumeFile[] {
  return items.map((item) => ({ path: item.path, content: Buffer.from(downwardValue(build, item)), mode: item.mode ?? build.defaultMode }));
}

function downwardValue({ pod, sources }: Build, { path, fieldRef, resourceFieldRef }: DownwardItem): string {
  if (fieldRef !== undefined) {
    const value = podField(pod, fieldRef.fieldPath, sources);
    if (value === undefined) throw new Error(`unsupported fieldPath: ${fieldRef.fieldPath}`);
    return value;
  }
  if (resourceFieldRef === undefined) throw new Error(`the item for ${path} has neither fieldRef nor resourceFieldRef`);
  return resourceField(pod, containerNamed(pod, resourceFieldRef.containerName ?? ''), resourceFieldRef, sources.allocatable);
}

/**
 * For one user only where all containers run as the same one; the group of the volume may read it
 * (pkg/volume/projected/projected.go, collectData).
 */
async function tokenFile(build: Build, source: NonNullable<Projection['serviceAccountToken']>): Promise<VolumeFile> {
  const { pod, sources, defaultMode } = build;
  const { token, refreshAt } = await sources.token({
    pod: refOf(pod),
    serviceAccount: pod.spec?.serviceAccountName ?? 'default',
    audience: source.audience === '' ? undefined : source.audience,
    expirationSeconds: source.expirationSeconds ?? DEFAULT_TOKEN_SECONDS,
  });
  build.refreshAt.push(refreshAt);
  const uid = commonUser(pod);
  const mode = uid !== undefined || pod.spec?.securityContext?.fsGroup !== undefined ? 0o600 : defaultMode;
  return { path: source.path, content: Buffer.from(token), mode, ...(uid === undefined ? {} : { uid }) };
}
