import { resolve } from 'node:path';
import { inspectVch, type InspectedVch } from '../../operations/vch/inspect.ts';
import { nodeNameOf } from '../../operations/vch/name.ts';
import type { CommandHandler } from '../spec.ts';
import { inspectVchSpec } from '../specs/inspect-vch.ts';
import { existingVch, handedOn, lines, withProblems } from './existing-vch.ts';
import { isOn, textFlag } from './vch-input.ts';

export const runInspectVch: CommandHandler = async (input, deps, signal) => {
  const extra = handedOn('inspect', input, inspectVchSpec.flags, ['debug'], deps);
  const folder = textFlag(input, 'tls-cert-path');
  const certificateFolder = folder === undefined ? undefined : resolve(deps.cwd, folder);
  const vch = await inspectVch({ ...(await existingVch(input, deps)), certificateFolder, options: isOn(input, 'options'), extra }, deps, signal);
  const { addresses } = vch;
  return withProblems(
    {
      data: {
        apiVersion: 'vick.dev/v1alpha1',
        kind: 'VchInspection',
        name: vch.name ?? null,
        id: addresses.id ?? null,
        version: vch.version?.text ?? null,
        installerVersion: vch.installerVersion?.text ?? null,
        upgradeStatus: vch.upgradeStatus,
        endpoints: {
          adminPortal: addresses.adminPortal ?? null,
          published: addresses.publishedAddress ?? null,
          management: addresses.managementAddress ?? null,
          docker: vch.dockerEnv['DOCKER_HOST'] ?? null,
        },
        dockerEnv: vch.dockerEnv,
        dockerCommand: addresses.dockerCommand ?? null,
        ...(vch.options === undefined ? {} : { options: vch.options }),
        problems: vch.problems,
      },
      text: describe(vch),
      names: [`vch/${vch.name ?? addresses.id ?? ''}`],
    },
    vch.problems,
    deps,
  );
};

function describe({ name, addresses, version, installerVersion, upgradeStatus, dockerEnv, options }: InspectedVch): string {
  const id = addresses.id;
  const environment = Object.entries(dockerEnv).map(([variable, value]) => `${variable}=${value}`);
  const shown = Object.entries(options ?? {}).flatMap(([option, values]) => values.map((value) => `  --${option}=${value}`));
  return [
    lines([
      ['VCH', name === undefined ? id : `${name}${id === undefined ? '' : ` (${id})`}`],
      ['Node', name === undefined ? undefined : `${nodeNameOf(name)}, if it is one`],
      ['Version', version?.text],
      ['vic-machine', installerVersion?.text],
      ['Upgrade', upgradeStatus.join('; ')],
      ['Admin portal', addresses.adminPortal],
      ['Published ports', addresses.publishedAddress],
      ['Management', addresses.managementAddress],
      ['Docker', environment.join(' ')],
    ]),
    ...(options === undefined ? [] : ['', 'Options of create that would make it again (without passwords, TLS and Kubernetes):', ...shown]),
  ].join('\n');
}
