import type { CommandSpec, FlagSpec } from '../spec.ts';
import { KUBECONFIG_FLAGS } from './shared-flags.ts';

const VCH = { name: 'VCH', description: 'name of the VCH', required: true, completes: 'none' } as const;

const KEY_FLAG: FlagSpec = {
  name: 'key',
  kind: 'enum',
  values: ['ecdsa', 'rsa'],
  default: 'ecdsa',
  placeholder: 'KIND',
  description: 'kind of the new key: ECDSA P-256, or RSA with 2048 bits where a signer takes nothing else',
};

export const identityShowSpec: CommandSpec = {
  path: ['identity', 'show'],
  summary: 'show who a VCH is in the cluster, and until when',
  description: 'Reads what vick noted when it made the identity, and how its certificate request stands in the cluster.',
  args: [VCH],
  flags: KUBECONFIG_FLAGS,
  examples: [
    { say: 'The identity of VCH web', run: 'vick identity show web' },
    { say: 'Days left, for a script', run: 'vick identity show web -o json | jq .daysLeft' },
  ],
  outputs: ['table', 'json', 'yaml'],
  load: async () => (await import('../commands/identity-show.ts')).runIdentityShow,
};

export const identityRotateSpec: CommandSpec = {
  path: ['identity', 'rotate'],
  summary: 'make a new certificate for the node of a VCH',
  description:
    'Mints a new key and certificate and writes them as a kubeconfig (0600). vic-machine cannot change the kubeconfig of a VCH that exists: ' +
    'a kubelet that runs beside the VCH takes the new file at its next start, one inside the endpoint VM gets it only when the VCH is made anew. ' +
    'The former certificate stays good until it expires.',
  args: [VCH],
  flags: [
    { name: 'to', kind: 'string', placeholder: 'FILE', description: 'where the new kubeconfig goes (default: in the state folder)', completes: 'file' },
    KEY_FLAG,
    { name: 'valid-for', kind: 'duration', placeholder: 'DURATION', description: 'how long it should be good, at least 10m (default: what the signer gives)' },
    {
      name: 'k8s-server-address',
      kind: 'string',
      placeholder: 'HOST:PORT',
      description: 'API server as the VCH reaches it (default: from the kubeconfig)',
      group: 'Cluster',
      completes: 'none',
    },
    ...KUBECONFIG_FLAGS,
  ],
  examples: [{ say: 'A new kubeconfig for the kubelet of VCH web', run: 'vick identity rotate web --to ./kubelet-web.kubeconfig' }],
  outputs: ['table', 'json', 'yaml'],
  load: async () => (await import('../commands/identity-rotate.ts')).runIdentityRotate,
};

export const identityRevokeSpec: CommandSpec = {
  path: ['identity', 'revoke'],
  summary: 'take back the identity of a VCH, as far as that goes',
  description:
    'Deletes the Node, the certificate requests and the role binding that vick made. Kubernetes revokes no certificates: whoever has the key may register the node again until the certificate expires, and the command says when that is.',
  args: [VCH],
  flags: [{ name: 'force', kind: 'boolean', description: 'also while the node is Ready; its kubelet then registers it again' }, ...KUBECONFIG_FLAGS],
  examples: [{ say: 'After a VCH was lost', run: 'vick identity revoke web' }],
  outputs: ['table', 'json', 'yaml'],
  load: async () => (await import('../commands/identity-revoke.ts')).runIdentityRevoke,
};
