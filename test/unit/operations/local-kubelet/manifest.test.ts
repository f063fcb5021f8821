import { describe, expect, it } from 'vitest';
import { manifest, type ManifestRequest } from '../../../../src/operations/local-kubelet/manifest.ts';
import { permissionsOfKubelet } from '../../../../src/operations/preflight/permissions.ts';

const REQUEST: ManifestRequest = {
  nodeName: 'kubelet-web.example',
  namespace: 'vick-system',
  image: 'registry.example.com/vick:1',
  flags: ['--portlayer-addr=10.0.0.5:2380'],
  port: 10_250,
  kubeconfigSecret: undefined,
  dockerSecret: undefined,
  servingSecret: undefined,
};

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Parsed {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly data?: { readonly kubeconfig: string };
  readonly spec?: {
    readonly template: {
      readonly spec: {
        readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
        readonly containers: readonly [
          {
            readonly args: readonly string[];
            readonly env: readonly { readonly name: string; readonly value?: string }[];
            readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
          },
        ];
      };
    };
  };
  readonly automountServiceAccountToken?: boolean;
}

const objects = (more: Partial<ManifestRequest> = {}): readonly Parsed[] => manifest({ ...REQUEST, ...more }) as unknown as readonly Parsed[];
const kinds = (all: readonly Parsed[]): readonly string[] => all.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? '-'}`);

describe('the manifest of vick kubelet manifest', () => {
  it('grants what the kubelet asks for, and nothing else', () => {
    const all = objects();
    expect(kinds(all)).toEqual([
      'Namespace -',
      'ServiceAccount vick-system',
      'ClusterRole -',
      'ClusterRoleBinding -',
      'Role kube-node-lease',
      'RoleBinding kube-node-lease',
      'Role kube-system',
      'RoleBinding kube-system',
      'ConfigMap vick-system',
      'Deployment vick-system',
    ]);
    const granted = all.flatMap(({ metadata, rules = [] }) =>
      rules.flatMap(({ apiGroups, resources, verbs }) => verbs.map((verb) => `${verb} ${resources.join()}.${apiGroups.join()} ${metadata.namespace ?? ''}`)),
    );
    const asked = permissionsOfKubelet({ nodeName: REQUEST.nodeName, patchesNode: false })
      .filter(({ resource }) => resource !== 'certificatesigningrequests')
      .map(
        ({ verb, group, resource, subresource, namespace }) =>
          `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}.${group} ${namespace ?? ''}`,
      );
    expect(new Set(granted)).toEqual(new Set(asked));
    expect(JSON.stringify(all)).not.toContain('"*"');
  });

  it('limits to the own node what can be limited', () => {
    const rules = objects().flatMap(({ rules: found = [] }) => found);
    const writes = rules.filter(
      ({ resources, verbs }) => resources.some((each) => each.startsWith('nodes')) && verbs.some((verb) => ['patch', 'update', 'delete'].includes(verb)),
    );
    expect(writes.length).toBeGreaterThan(0);
    expect(writes.every(({ resourceNames }) => resourceNames?.join() === REQUEST.nodeName)).toBe(true);
    // A name cannot limit what is created.
    expect(rules.filter(({ verbs, resourceNames }) => verbs.includes('create') && resourceNames !== undefined)).toEqual([]);
  });

  it('reads the token of its account from the file', () => {
    const kubeconfig = JSON.parse(objects().find(({ kind }) => kind === 'ConfigMap')?.data?.kubeconfig ?? '{}') as {
      users: { user: Record<string, string> }[];
    };
    expect(kubeconfig.users[0]?.user).toEqual({ tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' });
  });

  it('needs no rights with an identity of its own, and names Secrets instead of holding them', () => {
    const all = objects({ kubeconfigSecret: 'web-node', dockerSecret: 'web-docker', servingSecret: 'web-tls' });
    expect(kinds(all)).toEqual(['Namespace -', 'ServiceAccount vick-system', 'Deployment vick-system']);
    expect(all[1]?.automountServiceAccountToken).toBe(false);
    const pod = all.at(-1)?.spec?.template.spec;
    expect(pod?.volumes.map(({ name, secret }) => [name, secret?.secretName])).toEqual([
      ['cluster', 'web-node'],
      ['docker', 'web-docker'],
      ['serving', 'web-tls'],
    ]);
    expect(pod?.containers[0].volumeMounts.map(({ mountPath }) => mountPath)).toEqual(['/etc/vick/cluster', '/etc/vick/docker', '/etc/vick/serving']);
    expect(pod?.containers[0].env).toContainEqual({ name: 'DOCKER_CERT_PATH', value: '/etc/vick/docker' });
    expect(pod?.containers[0].args).toEqual([
      ...['kubelet', 'run', '--nodename=kubelet-web.example', '--kubeconfig=/etc/vick/cluster/kubeconfig', '--portlayer-addr=10.0.0.5:2380', '--port=10250'],
      ...['--tls-cert-file=/etc/vick/serving/tls.crt', '--tls-private-key-file=/etc/vick/serving/tls.key'],
    ]);
  });

  it('has names that objects of those kinds may have', () => {
    const names = objects().map(({ metadata }) => metadata.name);
    expect(names).toContain('kubelet-web-example');
    for (const name of names) expect(name).toMatch(/^[a-z0-9:.-]{1,253}$/);
  });
});
