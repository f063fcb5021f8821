/** Where the embedded control plane is not like a real one; the documentation is made from this table. */
export interface Difference {
  readonly area: 'resources' | 'requests' | 'identity' | 'controllers' | 'storage';
  readonly real: string;
  readonly here: string;
}

export const CONTROL_PLANE_DIFFERENCES: readonly Difference[] = [
  {
    area: 'resources',
    real: 'serves every group, and custom resources',
    here: 'namespaces, nodes, pods, configmaps, secrets, serviceaccounts, services, events, leases and the reviews; everything else that Kubernetes declares answers 501 with a Status',
  },
  {
    area: 'resources',
    real: 'proxies do not go to loopback addresses, and dial pods; services have endpoints',
    here: 'nodes are on loopback addresses and are gone to; pods are reached by the port forwarding of their kubelet; a service leads to any ready pod of its selector',
  },
  { area: 'requests', real: 'describes its schemas in OpenAPI v2 and v3', here: 'OpenAPI v3 without field descriptions; v2 is there and empty' },
  { area: 'requests', real: 'explains a refused pod update with a diff of its internal structs', here: 'the same refusal with a short diff of the fields' },
  {
    area: 'identity',
    real: 'roles and bindings are objects',
    here: 'rules are given when it starts; system:masters may do everything, nodes what the Node authorizer and NodeRestriction allow',
  },
  {
    area: 'controllers',
    real: 'kube-controller-manager and kube-scheduler',
    here: 'scheduling, node health, taint eviction, orphan and owner garbage collection, default service accounts; no workloads',
  },
  { area: 'storage', real: 'etcd', here: 'memory: everything ends with the sandbox' },
];
