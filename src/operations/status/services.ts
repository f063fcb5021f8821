/** Where the services of a VCH are, from whoever knows: the operator, a kubelet that vick runs beside it, a sandbox, the journal of its create. */
import { isIP } from 'node:net';
import { join } from 'node:path';
import { stateDirectory, type StateDirectoryInput } from '../../config/state-dir.ts';
import { VickError } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import { sandboxPaths } from '../sandbox/facts.ts';
import { journalsOf } from '../vch/journal.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface VchServices {
  readonly portLayer: Place | undefined;
  readonly personality: Place | undefined;
  readonly adminPortal: Place | undefined;
  /** Folder with ca.pem, cert.pem and key.pem, as vic-machine makes it. */
  readonly certificateFolder: string | undefined;
  /** BIOS UUID of the endpoint VM. */
  readonly hostUuid: string | undefined;
}

export interface ServiceHints {
  /** `--portlayer-addr`, `--persona-addr`: `host:port`. */
  readonly portLayer?: string | undefined;
  readonly personality?: string | undefined;
  readonly certificateFolder?: string | undefined;
  /** As vSphere was asked for it. */
  readonly dockerHost?: string | undefined;
  readonly adminPortal?: string | undefined;
}

type Deps = StateDirectoryInput & { readonly fs: FileSystem; readonly clock: Clock };

/** What is not known is undefined. USAGE for a hint that is no address. */
export async function findServices(vch: string, hints: ServiceHints, deps: Deps): Promise<VchServices> {
  const [local, sandbox, journal] = await Promise.all([localKubelet(vch, deps), sandboxVch(vch, deps), created(vch, deps)]);
  return {
    portLayer: given(hints.portLayer, '--portlayer-addr') ?? local?.portLayer ?? sandbox?.portLayer,
    personality:
      given(hints.personality, '--persona-addr') ?? local?.personality ?? sandbox?.docker ?? placeOf(hints.dockerHost) ?? placeOf(journal?.dockerHost),
    adminPortal: placeOf(hints.adminPortal) ?? placeOf(journal?.adminPortal),
    certificateFolder: hints.certificateFolder ?? local?.certificateFolder ?? journal?.certificateFolder,
    hostUuid: sandbox?.hostUuid,
  };
}

/** `host:port` or a URL; undefined for anything else. */
function placeOf(text: string | undefined): Place | undefined {
  const match = /^(?:[a-z]+:\/\/)?(\[[0-9a-fA-F:.]+\]|[^\s:/@[\]]+):(\d{1,5})\/?$/.exec(text?.trim() ?? '');
  const [host, port] = [(match?.[1] ?? '').replace(/^\[|\]$/g, ''), Number(match?.[2])];
  return match === null || port < 1 || port > 65_535 ? undefined : { host, port };
}

export function formatPlace({ host, port }: Place): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function given(text: string | undefined, flag: string): Place | undefined {
  if (text === undefined) return undefined;
  const place = placeOf(text);
  if (place !== undefined) return place;
  throw new VickError('USAGE', `${flag}: "${text}" is not an address of the form host:port`, { hint: 'For example 10.0.0.5:2376.' });
}

/** What `vick kubelet start` noted. */
async function localKubelet(
  vch: string,
  deps: Deps,
): Promise<{ readonly portLayer: Place | undefined; readonly personality: Place | undefined; readonly certificateFolder: string | undefined } | undefined> {
  const text = await deps.fs.readTextIfExists(join(stateDirectory(deps), 'kubelet', `kubelet-${vch}`, 'kubelet.json'));
  const noted = parseObject(text)?.['services'] as { portLayer?: string; personality?: string; certificateFolder?: string } | undefined;
  if (noted === undefined) return undefined;
  return { portLayer: placeOf(noted.portLayer), personality: placeOf(noted.personality), certificateFolder: noted.certificateFolder };
}

async function sandboxVch(
  vch: string,
  deps: Deps,
): Promise<{ readonly portLayer: Place; readonly docker: Place; readonly hostUuid: string | undefined } | undefined> {
  const text = await deps.fs.readTextIfExists(join(sandboxPaths(stateDirectory(deps)).vchs, `${vch}.json`));
  const address = parseObject(text) as { portLayer?: Partial<Place>; docker?: Partial<Place>; hostUuid?: string } | undefined;
  const [portLayer, docker] = [address?.portLayer, address?.docker].map((place) =>
    typeof place?.host === 'string' && typeof place.port === 'number' ? { host: place.host, port: place.port } : undefined,
  );
  return portLayer === undefined || docker === undefined ? undefined : { portLayer, docker, hostUuid: address?.hostUuid };
}

/** The newest create that came to addresses. */
async function created(
  vch: string,
  deps: Deps,
): Promise<{ readonly dockerHost: string | undefined; readonly adminPortal: string | undefined; readonly certificateFolder: string } | undefined> {
  const journals = (await journalsOf(vch, deps)).filter(({ addresses }) => addresses !== undefined);
  const journal = journals.find(({ state }) => state === 'complete') ?? journals[0];
  if (journal === undefined) return undefined;
  return {
    dockerHost: journal.addresses?.dockerEnv['DOCKER_HOST'],
    adminPortal: journal.addresses?.adminPortal,
    certificateFolder: journal.certificateFolder,
  };
}

function parseObject(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(text ?? 'null') as unknown;
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
