import { SYSTEM_USER, type Engine } from './engine.ts';
import { NAMESPACES, SYSTEM_NAMESPACES } from './lifecycle/namespace-rules.ts';

/** What is there in every cluster from the start: the system namespaces, the API's own Service and client CA, as far as those kinds are served. */
export function bootstrapCluster(engine: Engine): void {
  const context = engine.contextFor(SYSTEM_USER);
  const serves = (resource: string): boolean => engine.registry.find('', 'v1', resource) !== undefined;
  if (!serves(NAMESPACES.resource)) return;
  for (const name of SYSTEM_NAMESPACES) context.store.create(NAMESPACES, { metadata: { name } });
  if (serves('configmaps')) {
    // Whom to trust as a client: what an aggregated API server, or a kubelet, authenticates its callers by.
    context.store.create(
      { group: '', resource: 'configmaps' },
      { metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' }, data: { 'client-ca-file': engine.caCertificate } },
    );
  }
  if (!serves('services')) return;
  context.store.create(
    { group: '', resource: 'services' },
    {
      metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        clusterIP: '10.96.0.1',
        clusterIPs: ['10.96.0.1'],
        type: 'ClusterIP',
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
        sessionAffinity: 'None',
      },
    },
  );
}
