/** Every check of a cluster, by the name that `--skip` and `-o json` use. */
export const CHECKS = {
  kubeconfig: { name: 'kubeconfig', title: 'kubeconfig is readable and well-formed' },
  entries: { name: 'kubeconfig-names', title: 'names in the kubeconfig are unique and lead somewhere' },
  portable: { name: 'kubeconfig-portable', title: 'kubeconfig works from inside the VCH' },
  address: { name: 'server-address', title: 'the address given to the VCH is the one of the kubeconfig' },
  credentials: { name: 'credentials-valid', title: 'client certificate is valid' },
  key: { name: 'credentials-key', title: 'client certificate and key belong together' },
  token: { name: 'token-valid', title: 'token has not expired' },
  ca: { name: 'server-ca', title: 'CA of the API server is usable' },
  dns: { name: 'server-dns', title: 'name of the API server resolves' },
  tcp: { name: 'server-tcp', title: 'API server takes connections' },
  tls: { name: 'server-tls', title: 'certificate of the API server is trusted' },
  ready: { name: 'server-ready', title: 'API server is ready' },
  clock: { name: 'clock-skew', title: 'clocks agree' },
  reachable: { name: 'cluster-reachable', title: 'API server answers and is trusted' },
  version: { name: 'version-skew', title: 'version of Kubernetes is supported' },
  accepted: { name: 'credentials-accepted', title: 'credentials are accepted' },
  permissions: { name: 'permissions', title: 'permissions' },
  nodeFree: { name: 'node-name-free', title: 'node name is free' },
  lease: { name: 'node-lease', title: 'no other kubelet holds the lease of the node' },
  returnPath: { name: 'return-path', title: 'API server reaches the kubelet' },
} as const;

export const CHECK_NAMES: readonly string[] = Object.values(CHECKS).map(({ name }) => name);

/** Details of others: said on the way only when they do not pass, so that a create stays on one screen. Results hold all. */
export const DETAILS: ReadonlySet<string> = new Set(
  [CHECKS.entries, CHECKS.key, CHECKS.ca, CHECKS.dns, CHECKS.tcp, CHECKS.tls, CHECKS.ready, CHECKS.clock].map(({ name }) => name),
);
