import type { VchAddresses } from '../../clients/vic-machine/result-block.ts';
import type { CreatePlan } from './plan-create.ts';

export interface CreatedVch {
  readonly name: string;
  /** What this run did: `unchanged` touched nothing. */
  readonly change: 'created' | 'resumed' | 'unchanged';
  readonly addresses: VchAddresses;
  readonly node: { readonly name: string; readonly ready: boolean | undefined; readonly labels: Readonly<Record<string, string>> };
  readonly workingDirectory: string;
  /** Variables for a Docker client, with the certificate folder as it really is. */
  readonly dockerEnv: Readonly<Record<string, string>>;
  /** What does not work although the VCH exists; empty: all is well. */
  readonly problems: readonly string[];
}

export function emptyAddresses(id: string | undefined): VchAddresses {
  return { id, adminPortal: undefined, publishedAddress: undefined, managementAddress: undefined, dockerEnv: {}, dockerCommand: undefined };
}

/** vic-machine takes the last component of the certificate folder for a folder of the current one; here is the real one. */
export function dockerEnv(addresses: VchAddresses, { certificateFolder }: Pick<CreatePlan, 'certificateFolder'>): Readonly<Record<string, string>> {
  return 'DOCKER_CERT_PATH' in addresses.dockerEnv ? { ...addresses.dockerEnv, DOCKER_CERT_PATH: certificateFolder } : addresses.dockerEnv;
}
