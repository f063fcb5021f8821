import { VickError } from '../../errors/vick-error.ts';
import { revokeIdentity } from '../../operations/identity/revoke.ts';
import { checkVchName } from '../../operations/vch/name.ts';
import { rfc3339 } from '../../platform/clock.ts';
import type { CommandHandler } from '../spec.ts';
import { clusterChoice, isOn } from './vch-input.ts';

export const runIdentityRevoke: CommandHandler = async (input, deps, signal) => {
  const vch = input.args['VCH'] as string;
  checkVchName(vch);
  if (!isOn(input, 'yes') && !deps.prompter.interactive) {
    throw new VickError('USAGE', `revoking the identity of ${vch} needs a confirmation, and there is no terminal to ask on`, { hint: 'Add --yes.' });
  }
  const { nodeName, node, withdrawn, validUntil } = await revokeIdentity(
    {
      vch,
      kubeconfig: await deps.kubernetes.readKubeconfig(clusterChoice(input)),
      force: isOn(input, 'force'),
      confirm: async (summary) => {
        if (isOn(input, 'yes')) return;
        const sure = await deps.prompter.confirm({ message: `Delete ${summary.join(', ')}?`, flag: '--yes', default: false });
        if (!sure) throw new VickError('CANCELLED', 'Nothing was deleted.');
      },
    },
    deps,
    signal,
  );
  const expired = validUntil !== undefined && validUntil < deps.clock.now();
  const until = validUntil === undefined ? 'until it expires, which is not known here' : `until ${rfc3339(validUntil)}`;
  const rest = expired
    ? `The certificate has expired.`
    : `Kubernetes revokes no certificates: whoever has the key is system:node:${nodeName} ${until}, and may register that node again.`;
  const gone = [
    ...(node === 'deleted' ? [`node ${nodeName}`] : []),
    ...withdrawn.requests.map((name) => `certificate request ${name}`),
    ...(withdrawn.binding ? ['its role binding'] : []),
  ];
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'IdentityRevocation',
      vch,
      user: `system:node:${nodeName}`,
      node,
      certificateRequests: withdrawn.requests,
      roleBinding: withdrawn.binding,
      certificateValidUntil: validUntil === undefined ? null : rfc3339(validUntil),
    },
    text: `${gone.length === 0 ? 'nothing was left in the cluster' : `deleted: ${gone.join(', ')}`}\n${rest}`,
  };
};
