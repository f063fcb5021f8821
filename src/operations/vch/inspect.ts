/** `vick inspect vch`: addresses, versions and, on request, the options that would make the VCH again. */
import { join } from 'node:path';
import type { VchAddresses } from '../../clients/vic-machine/result-block.ts';
import type { VicVersion } from '../../clients/vic-machine/version.ts';
import { vchContext, referenceOf, type ExistingVch } from './existing-vch.ts';
import type { PassThrough } from './pass-through.ts';
import type { VchDeps } from './ports.ts';
import { openVicMachine } from './vic-session.ts';
import { refuseUnknownFlags } from './binary-flags.ts';

export interface InspectVchRequest extends ExistingVch {
  readonly certificateFolder: string | undefined;
  /** Asks for the options, too. */
  readonly options: boolean;
  readonly extra: PassThrough;
}

export interface InspectedVch {
  readonly name: string | undefined;
  readonly addresses: VchAddresses;
  readonly version: VicVersion | undefined;
  readonly installerVersion: VicVersion | undefined;
  readonly upgradeStatus: readonly string[];
  /** By flag of create, without dashes. vic-machine lists neither passwords, TLS choices nor Kubernetes options. */
  readonly options: Readonly<Record<string, readonly string[]>> | undefined;
  readonly dockerEnv: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

export async function inspectVch(request: InspectVchRequest, deps: VchDeps, signal: AbortSignal): Promise<InspectedVch> {
  const session = await openVicMachine(deps, request.vicMachine);
  const context = await vchContext(request, session, deps, signal);
  await refuseUnknownFlags(session.vic, 'inspect', request.extra.flags, context);
  const flags = { certificateFolder: request.certificateFolder, timeoutMs: request.timeoutMs, extra: request.extra.words };
  const found = await session.vic.inspect(request.target, referenceOf(request), context, flags);
  const options = request.options ? await session.vic.inspectConfig(request.target, referenceOf(request), context, flags) : undefined;
  return { ...found, name: request.name, options, dockerEnv: await dockerEnv(request, found.addresses, context.workingDirectory, deps) };
}

/** vic-machine joins the last part of the folder to the current one; the folder is known here. */
async function dockerEnv(
  request: InspectVchRequest,
  { dockerEnv: said }: VchAddresses,
  cwd: string,
  { fs }: Pick<VchDeps, 'fs'>,
): Promise<Readonly<Record<string, string>>> {
  if (!('DOCKER_TLS_VERIFY' in said)) return said;
  const folder = request.certificateFolder ?? (request.name === undefined ? undefined : join(cwd, request.name));
  if (folder === undefined || (await fs.info(join(folder, 'cert.pem'))) === undefined) return said;
  return { ...said, DOCKER_CERT_PATH: folder };
}
