/**
 * The objects that run a VCH's kubelet as a Deployment in the cluster that it is a node of: a service account with the rights that
 * a kubelet asks for and no others, or, with a kubeconfig from a Secret, the node's own identity and no rights besides.
 */
import { permissionsOfKubelet, type Permission } from '../preflight/permissions.ts';

export interface ManifestRequest {
  readonly nodeName: string;
  readonly namespace: string;
  readonly image: string;
  /** Flags of `vick kubelet run`: addresses, labels, taints. */
  readonly flags: readonly string[];
  /** Where the kubelet API is served. */
  readonly port: number;
  /** Secret with the key `kubeconfig`, an identity that vick has minted; undefined: a service account. */
  readonly kubeconfigSecret: string | undefined;
  /** Secret with ca.pem, cert.pem and key.pem for the Docker API. */
  readonly dockerSecret: string | undefined;
  /** Secret of the type kubernetes.io/tls for the kubelet API. */
  readonly servingSecret: string | undefined;
}

type Manifest = Readonly<Record<string, unknown>>;

const RBAC = 'rbac.authorization.k8s.io';
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const CONFIG = '/etc/vick';
/** Nobody in particular, and not root. */
const USER = 65_532;

/** In the order in which they are to be made. */
export function manifest(request: ManifestRequest): readonly Manifest[] {
  const { namespace, kubeconfigSecret } = request;
  const own = { name: nameOf(request), namespace, labels: labelsOf(request) };
  const ownRights = kubeconfigSecret === undefined;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: own, automountServiceAccountToken: ownRights },
    ...(ownRights ? [...rights(request), { apiVersion: 'v1', kind: 'ConfigMap', metadata: own, data: { kubeconfig: inClusterKubeconfig() } }] : []),
    deployment(request),
  ];
}

/** A request for a certificate is signed for nodes alone, so a service account does not ask. */
function isForServiceAccounts({ resource }: Permission): boolean {
  return resource !== 'certificatesigningrequests';
}

function rights(request: ManifestRequest): readonly Manifest[] {
  const permissions = permissionsOfKubelet({ nodeName: request.nodeName, patchesNode: false }).filter(isForServiceAccounts);
  const namespaces = [...new Set(permissions.flatMap(({ namespace }) => namespace ?? []))];
  const metadata = { name: `vick:${nameOf(request)}`, labels: labelsOf(request) };
  const subjects = [{ kind: 'ServiceAccount', name: nameOf(request), namespace: request.namespace }];
  const pair = (prefix: 'Cluster' | '', at: Manifest, namespace: string | undefined): readonly Manifest[] => [
    { apiVersion: `${RBAC}/v1`, kind: `${prefix}Role`, metadata: at, rules: rulesOf(permissions.filter((each) => each.namespace === namespace)) },
    { apiVersion: `${RBAC}/v1`, kind: `${prefix}RoleBinding`, metadata: at, roleRef: { apiGroup: RBAC, kind: `${prefix}Role`, name: metadata.name }, subjects },
  ];
  return [...pair('Cluster', metadata, undefined), ...namespaces.flatMap((namespace) => pair('', { ...metadata, namespace }, namespace))];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** One rule for all verbs on the same thing. What can be limited to the node's own objects is. */
function rulesOf(permissions: readonly Permission[]): readonly Rule[] {
  const rules = new Map<string, Rule>();
  for (const { verb, group, resource, subresource, name, fieldSelector } of permissions) {
    const only = name ?? (fieldSelector?.key === 'metadata.name' ? fieldSelector.value : undefined);
    const thing = subresource === undefined ? resource : `${resource}/${subresource}`;
    const key = [group, thing, only].join(' ');
    const verbs = [...(rules.get(key)?.verbs ?? []), verb];
    rules.set(key, { apiGroups: [group], resources: [thing], ...(only === undefined ? {} : { resourceNames: [only] }), verbs: [...new Set(verbs)] });
  }
  return [...rules.values()];
}

/** The token is read again from its file, which the cluster writes anew before it expires. */
function inClusterKubeconfig(): string {
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'cluster',
      clusters: [{ name: 'cluster', cluster: { server: 'https://kubernetes.default.svc', 'certificate-authority': `${SERVICE_ACCOUNT}/ca.crt` } }],
      users: [{ name: 'service-account', user: { tokenFile: `${SERVICE_ACCOUNT}/token` } }],
      contexts: [{ name: 'cluster', context: { cluster: 'cluster', user: 'service-account' } }],
    },
    null,
    2,
  )}\n`;
}

function deployment(request: ManifestRequest): Manifest {
  const { nodeName, namespace, image, flags, port, dockerSecret, servingSecret } = request;
  const labels = labelsOf(request);
  const mounts = mountsOf(request);
  const args = [
    ...['kubelet', 'run', `--nodename=${nodeName}`, `--kubeconfig=${CONFIG}/cluster/kubeconfig`],
    ...flags,
    `--port=${port}`,
    ...(servingSecret === undefined ? [] : [`--tls-cert-file=${CONFIG}/serving/tls.crt`, `--tls-private-key-file=${CONFIG}/serving/tls.key`]),
  ];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: nameOf(request), namespace, labels },
    spec: {
      // Two kubelets of one node would undo each other's work.
      replicas: 1,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: nameOf(request),
          // On a virtual node it would run in the very VCH that it looks after.
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: 'type', operator: 'NotIn', values: ['virtual-kubelet'] }] }],
              },
            },
          },
          securityContext: { runAsNonRoot: true, runAsUser: USER, runAsGroup: USER, fsGroup: USER, seccompProfile: { type: 'RuntimeDefault' } },
          terminationGracePeriodSeconds: 30,
          containers: [
            {
              name: 'kubelet',
              image,
              command: ['vick'],
              args,
              env: [
                // The API server reaches the kubelet at the address of its pod.
                { name: 'VKUBELET_POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
                ...(dockerSecret === undefined ? [] : [{ name: 'DOCKER_CERT_PATH', value: `${CONFIG}/docker` }]),
              ],
              ports: [{ name: 'kubelet', containerPort: port }],
              readinessProbe: { tcpSocket: { port: 'kubelet' } },
              resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
              securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
              volumeMounts: mounts.map(({ name }) => ({ name, mountPath: `${CONFIG}/${name}`, readOnly: true })),
            },
          ],
          volumes: mounts,
        },
      },
    },
  };
}

/** Named as the folders below the configuration. */
function mountsOf(request: ManifestRequest): readonly (Manifest & { readonly name: string })[] {
  const { kubeconfigSecret, dockerSecret, servingSecret } = request;
  const secret = (name: string, secretName: string | undefined): readonly (Manifest & { readonly name: string })[] =>
    secretName === undefined ? [] : [{ name, secret: { secretName, defaultMode: 0o440 } }];
  return [
    ...(kubeconfigSecret === undefined ? [{ name: 'cluster', configMap: { name: nameOf(request) } }] : secret('cluster', kubeconfigSecret)),
    ...secret('docker', dockerSecret),
    ...secret('serving', servingSecret),
  ];
}

function nameOf({ nodeName }: Pick<ManifestRequest, 'nodeName'>): string {
  return nodeName.replaceAll('.', '-');
}

function labelsOf(request: Pick<ManifestRequest, 'nodeName'>): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/name': 'vick-kubelet', 'app.kubernetes.io/instance': nameOf(request), 'app.kubernetes.io/managed-by': 'vick' };
}
