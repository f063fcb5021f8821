import { isVickError } from '../../errors/vick-error.ts';
import { showIdentity } from '../../operations/identity/show.ts';
import { checkVchName } from '../../operations/vch/name.ts';
import { rfc3339 } from '../../platform/clock.ts';
import { columns } from '../render/columns.ts';
import type { CommandHandler } from '../spec.ts';
import { clusterChoice } from './vch-input.ts';

export const runIdentityShow: CommandHandler = async (input, deps, signal) => {
  const vch = input.args['VCH'] as string;
  checkVchName(vch);
  // What vick noted is shown without a cluster as well.
  const kubeconfig = await deps.kubernetes.readKubeconfig(clusterChoice(input)).catch((error: unknown) => {
    if (!isVickError(error)) throw error;
    deps.reporter.warn(`the cluster was not asked: ${error.message}`);
    return undefined;
  });
  const { facts, request, ...identity } = await showIdentity(vch, kubeconfig, deps, signal);
  const expires = `${rfc3339(facts.notAfter)} (${identity.daysLeft < 0 ? 'EXPIRED' : `${identity.daysLeft} days left`})`;
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'NodeIdentity',
      ...identity,
      subject: facts.subject,
      issuer: facts.issuer,
      serialNumber: facts.serialNumber,
      notBefore: rfc3339(facts.notBefore),
      notAfter: rfc3339(facts.notAfter),
      certificateRequest: request,
    },
    text: columns([
      ['VCH', identity.vch],
      ['Node', identity.nodeName],
      ['Subject', facts.subject],
      ['Issuer', facts.issuer],
      ['Serial number', facts.serialNumber],
      ['Valid from', rfc3339(facts.notBefore)],
      ['Expires', expires],
      ['API server', identity.server],
      ['Request', `${request.name} (${request.state})`],
    ]),
    ...(identity.daysLeft < 0 ? { exit: 'failure' as const } : {}),
  };
};
