/** Command lines of the real programs, pure: what they listen on, whom they trust, where their files are. */

export interface ControlPlaneFiles {
  readonly directory: string;
  readonly caCertificate: string;
  readonly caKey: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  /** By which the API server knows itself to kubelets. */
  readonly kubeletClientCertificate: string;
  readonly kubeletClientKey: string;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  readonly adminKubeconfig: string;
}

export interface ControlPlanePorts {
  readonly etcdClient: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
}

export function etcdArguments(files: ControlPlaneFiles, ports: ControlPlanePorts): readonly string[] {
  const client = `http://127.0.0.1:${ports.etcdClient}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    `--data-dir=${files.directory}/etcd`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--log-level=warn',
  ];
}

/** Without a controller manager nobody makes service accounts, so the admission plug-in that wants one is left out, as envtest does. */
export function apiServerArguments(files: ControlPlaneFiles, ports: ControlPlanePorts, hasControllerManager: boolean): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcdClient}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${ports.apiServer}`,
    `--cert-dir=${files.directory}`,
    `--tls-cert-file=${files.serverCertificate}`,
    `--tls-private-key-file=${files.serverKey}`,
    `--client-ca-file=${files.caCertificate}`,
    `--kubelet-client-certificate=${files.kubeletClientCertificate}`,
    `--kubelet-client-key=${files.kubeletClientKey}`,
    // As kubeadm orders them: the name of a node need not resolve.
    '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    ...(hasControllerManager ? [] : ['--disable-admission-plugins=ServiceAccount']),
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${files.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    '--allow-privileged=true',
  ];
}

/** `minor` is the Kubernetes minor version: programs before 1.23 also open an unprotected port unless told not to. */
export function controllerManagerArguments(files: ControlPlaneFiles, minor: number): readonly string[] {
  return [
    `--kubeconfig=${files.adminKubeconfig}`,
    '--leader-elect=false',
    '--secure-port=0',
    `--root-ca-file=${files.caCertificate}`,
    `--cluster-signing-cert-file=${files.caCertificate}`,
    `--cluster-signing-key-file=${files.caKey}`,
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    ...(minor < 23 ? ['--port=0'] : []),
  ];
}

export function schedulerArguments(files: ControlPlaneFiles, minor: number): readonly string[] {
  return [`--kubeconfig=${files.adminKubeconfig}`, '--leader-elect=false', '--secure-port=0', ...(minor < 23 ? ['--port=0'] : [])];
}
