import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import type { SandboxCluster } from './cluster.ts';
import type { Grant } from './control-plane/authz/rules.ts';
import { createDiscovery } from './control-plane/discovery/source.ts';
import { startControlPlane } from './control-plane/server.ts';
import { resourceDefinitions } from './control-plane/resources/index.ts';
import { VERSION_INFO } from './control-plane/version.ts';

/** What kubeadm binds for nodes: they may renew their own client certificate, and read whom to trust as a client. */
const NODE_GRANTS: readonly Grant[] = [
  {
    groups: ['system:nodes'],
    rules: [{ verbs: ['create'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/selfnodeclient'] }],
  },
  {
    groups: ['system:nodes'],
    namespaces: ['kube-system'],
    rules: [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['extension-apiserver-authentication'] }],
  },
];

/** The embedded control plane with every resource that it serves. */
export async function startEmbeddedCluster(tools: { readonly clock: Clock; readonly random: Random; readonly log: Log }): Promise<SandboxCluster> {
  const controlPlane = await startControlPlane({
    ...tools,
    definitions: resourceDefinitions,
    discovery: createDiscovery(resourceDefinitions, tools.clock),
    grants: NODE_GRANTS,
    isSandbox: true,
  });
  return {
    kind: 'embedded',
    server: controlPlane.url,
    version: VERSION_INFO.gitVersion,
    adminKubeconfig: controlPlane.adminKubeconfig(),
    brings: { scheduler: false, controllerManager: false },
    authority: undefined,
    stop: () => controlPlane.stop(),
  };
}
