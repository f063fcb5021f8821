import { join, resolve } from 'node:path';
import { VickError } from '../../errors/vick-error.ts';
import { stateDirectory } from '../../config/state-dir.ts';
import { rotateIdentity } from '../../operations/identity/rotate.ts';
import { checkVchName } from '../../operations/vch/name.ts';
import { readServerAddress } from '../../operations/vch/server-address.ts';
import { rfc3339 } from '../../platform/clock.ts';
import type { CommandHandler } from '../spec.ts';
import { clusterChoice, numberFlag, textFlag } from './vch-input.ts';

const MIN_MS = 600_000;

export const runIdentityRotate: CommandHandler = async (input, deps, signal) => {
  const vch = input.args['VCH'] as string;
  checkVchName(vch);
  const validFor = numberFlag(input, 'valid-for');
  if (validFor !== undefined && validFor < MIN_MS) {
    throw new VickError('USAGE', '--valid-for is below 10m, the least that Kubernetes takes', { hint: 'Give 10m or more.' });
  }
  const to = textFlag(input, 'to');
  const address = textFlag(input, 'k8s-server-address');
  const step = deps.reporter.step(`New certificate for kubelet-${vch}`);
  let rotated: Awaited<ReturnType<typeof rotateIdentity>>;
  try {
    rotated = await rotateIdentity(
      {
        vch,
        kubeconfig: await deps.kubernetes.readKubeconfig(clusterChoice(input)),
        server: address === undefined ? undefined : readServerAddress(address),
        key: textFlag(input, 'key') === 'rsa' ? 'rsa-2048' : 'ecdsa-p256',
        expirationSeconds: validFor === undefined ? undefined : Math.ceil(validFor / 1000),
        file: to === undefined ? join(stateDirectory(deps), 'identity', `${vch}.kubeconfig`) : resolve(deps.cwd, to),
      },
      deps,
      signal,
    );
    step.done();
  } catch (error) {
    step.fail();
    throw error;
  }
  const { identity, file, formerUntil } = rotated;
  const until = rfc3339(identity.facts.notAfter);
  const former =
    formerUntil === undefined ? 'A former certificate stays good until it expires.' : `The former certificate stays good until ${rfc3339(formerUntil)}.`;
  deps.reporter.info(
    'vic-machine configure cannot put it into a VCH that exists. A kubelet beside the VCH takes it at its next start; for one in the endpoint VM, delete and create the VCH.',
  );
  deps.reporter.info(`Whoever reads ${file} is the node: delete it when it has been put where it belongs.`);
  return {
    data: {
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'IdentityRotation',
      vch,
      user: identity.user,
      kubeconfig: file,
      certificateRequest: identity.csr,
      notAfter: until,
      formerValidUntil: formerUntil === undefined ? null : rfc3339(formerUntil),
      delivered: false,
    },
    text: `${identity.user}: new certificate until ${until} in ${file}\n${former}`,
  };
};
