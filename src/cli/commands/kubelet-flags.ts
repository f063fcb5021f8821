/** What `kubelet start`, `unit` and `manifest` hand to `vick kubelet run`. */
import { join, resolve } from 'node:path';
import { VickError } from '../../errors/vick-error.ts';
import { findServices, formatPlace, type VchServices } from '../../operations/status/services.ts';
import { checkVchName, nodeNameOf } from '../../operations/vch/name.ts';
import type { Deps } from '../deps.ts';
import type { CommandInput, FlagSpec } from '../spec.ts';
import { listFlag, textFlag } from './vch-input.ts';

export interface KubeletChoice {
  readonly nodeName: string;
  /** With the node's name; without what the environment says, unless that was asked for. */
  readonly flags: readonly string[];
  readonly services: VchServices | undefined;
}

/**
 * The flags as typed, completed by what is known of the VCH. `bake`: values of variables too, and absolute paths, for a process that
 * starts elsewhere.
 */
export async function kubeletChoice(input: CommandInput, specs: readonly FlagSpec[], bake: boolean, deps: Deps): Promise<KubeletChoice> {
  const vch = input.args['VCH'] as string | undefined;
  if (vch !== undefined) checkVchName(vch);
  const [nodeName, ...others] = nodeNames(input, vch);
  if (nodeName === undefined) {
    throw new VickError('USAGE', 'which node is not said', { hint: 'Give the name of the VCH, or --nodename NAME.' });
  }
  const onVch = (textFlag(input, 'provider') ?? 'vic') === 'vic';
  const services = vch === undefined || !onVch ? undefined : await findServices(vch, {}, deps);
  const names = [nodeName, ...others].map((each) => `--nodename=${each}`);
  const given = specs.filter(({ name }) => name !== 'nodename').flatMap((spec) => wordsOf(spec, input, bake, deps.cwd));
  return { nodeName, flags: [...names, ...given, ...known(services, input, onVch)], services };
}

/** The mock provider takes several. */
function nodeNames(input: CommandInput, vch: string | undefined): readonly string[] {
  const named = listFlag(input, 'nodename');
  if (named.length > 0) return named;
  const name = textFlag(input, 'nodename') ?? (vch === undefined ? undefined : nodeNameOf(vch));
  return name === undefined ? [] : [name];
}

/** The folder for the Docker API: what the environment says, else what vic-machine made; that is empty where no client certificates are asked for. */
export async function certificateFolder(services: VchServices | undefined, { env, fs }: Pick<Deps, 'env' | 'fs'>): Promise<string | undefined> {
  const own = env['DOCKER_CERT_PATH'];
  if (own !== undefined && own !== '') return own;
  const folder = services?.certificateFolder;
  return folder !== undefined && (await fs.info(join(folder, 'cert.pem'))) !== undefined ? folder : undefined;
}

function wordsOf({ name, kind, completes }: FlagSpec, input: CommandInput, bake: boolean, cwd: string): readonly string[] {
  const value = input.flags[name];
  const source = input.sources[name];
  if (value === undefined || !(source === 'flag' || (bake && source === 'env'))) return [];
  if (kind === 'boolean') return value === true ? [`--${name}`] : [];
  const words = Array.isArray(value) ? (value as readonly string[]) : [String(value)];
  return words.map((word) => `--${name}=${bake && completes === 'file' ? resolve(cwd, word) : word}`);
}

/** Addresses that nobody has said, and the certificates that vic-machine made for the Docker API. */
function known(services: VchServices | undefined, input: CommandInput, onVch: boolean): readonly string[] {
  if (services === undefined || !onVch) return [];
  const { portLayer, personality, hostUuid } = services;
  return [
    ...(portLayer === undefined || textFlag(input, 'portlayer-addr') !== undefined ? [] : [`--portlayer-addr=${formatPlace(portLayer)}`]),
    ...(personality === undefined || textFlag(input, 'persona-addr') !== undefined ? [] : [`--persona-addr=${formatPlace(personality)}`]),
    ...(hostUuid === undefined || textFlag(input, 'host-uuid') !== undefined ? [] : [`--host-uuid=${hostUuid}`]),
  ];
}
