import type { Draft } from '../../resource.ts';
import { ensureMap, mapsOf, setDefault } from '../fields.ts';

/** Defaults of services (k8s.io/kubernetes/pkg/apis/core/v1/defaults.go). */
export function setServiceDefaults(draft: Draft): void {
  const spec = ensureMap(draft, 'spec');
  setDefault(spec, 'sessionAffinity', 'None');
  setDefault(spec, 'type', 'ClusterIP');
  if (spec['sessionAffinity'] === 'ClientIP') spec['sessionAffinityConfig'] ??= { clientIP: { timeoutSeconds: 10_800 } };
  else if (spec['sessionAffinity'] === 'None') delete spec['sessionAffinityConfig'];
  for (const port of mapsOf(spec['ports'])) {
    setDefault(port, 'protocol', 'TCP');
    if (port['targetPort'] === undefined || port['targetPort'] === 0 || port['targetPort'] === '') port['targetPort'] = port['port'];
  }
  const exposed = spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer';
  if (exposed) setDefault(spec, 'externalTrafficPolicy', 'Cluster');
  if (exposed || spec['type'] === 'ClusterIP') setDefault(spec, 'internalTrafficPolicy', 'Cluster');
  if (spec['type'] === 'LoadBalancer') spec['allocateLoadBalancerNodePorts'] ??= true;
}
