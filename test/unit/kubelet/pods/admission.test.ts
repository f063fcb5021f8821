import { describe, expect, it } from 'vitest';
import { admit, type AdmissionInput } from '../../../../src/kubelet/pods/admission.ts';
import { matchesNode } from '../../../../src/platform/node-affinity.ts';
import { judgeSupport } from '../../../../src/kubelet/pods/support.ts';
import { tolerates } from '../../../../src/platform/tolerations.ts';
import type { SupportTable } from '../../../../src/kubelet/provider.ts';
import type { Container, Node, Pod } from '../../../../src/platform/kubernetes-objects.ts';

const pod = (spec: object, container: Partial<Container> = {}): Pod => ({
  metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
  spec: { containers: [{ name: 'main', image: 'busybox:1.36', ...container }], ...spec },
});

describe('which fields of a pod are supported', () => {
  const table = [{ field: 'containers[].resources', support: 'honoured' as const }];
  const names = (spec: object, container: Partial<Container> = {}): readonly string[] =>
    judgeSupport(pod(spec, container), { support: table }).refused.map(({ field }) => field);

  it('takes what the API server fills in for a plain pod', () => {
    const spec = {
      ...{ dnsPolicy: 'ClusterFirst', enableServiceLinks: true, priority: 0, preemptionPolicy: 'PreemptLowerPriority', restartPolicy: 'Always' },
      ...{
        schedulerName: 'default-scheduler',
        securityContext: {},
        serviceAccount: 'default',
        serviceAccountName: 'default',
        terminationGracePeriodSeconds: 30,
      },
      tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }],
      volumes: [{ name: 'kube-api-access-x7k2p', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
    };
    const container = {
      ...{ terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', imagePullPolicy: 'Always', resources: {} },
      volumeMounts: [{ name: 'kube-api-access-x7k2p', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }],
    };
    expect(judgeSupport(pod(spec, container), { support: table })).toEqual({
      refused: [],
      degraded: [expect.objectContaining({ field: 'automountServiceAccountToken' })],
    });
  });

  it('takes the token secret that API servers before 1.21 add for no volume of the user, unless it is used like one', () => {
    const volumes = [{ name: 'default-token-6r2fw', secret: { secretName: 'default-token-6r2fw', defaultMode: 420 } }];
    const mount = { name: 'default-token-6r2fw', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };
    expect(judgeSupport(pod({ volumes }, { volumeMounts: [mount] }), { support: table })).toEqual({
      refused: [],
      degraded: [expect.objectContaining({ field: 'automountServiceAccountToken' })],
    });
    expect(names({ volumes }, { volumeMounts: [{ ...mount, mountPath: '/keys' }] })).toContain('volumes[].secret.secretName');
    expect(names({ volumes: [{ name: 'my-token-abcde', secret: { secretName: 'other' } }] })).toContain('volumes[].secret.secretName');
  });

  it.each<[object, Partial<Container>, readonly string[]]>([
    [{ hostNetwork: true }, {}, ['hostNetwork']],
    [{ hostNetwork: false }, {}, []],
    [{ hostUsers: false }, {}, ['hostUsers']],
    [{ volumes: [{ name: 'v', emptyDir: {} }] }, {}, ['volumes[].emptyDir']],
    [{}, { livenessProbe: { tcpSocket: { port: 80 } } }, ['containers[].livenessProbe.tcpSocket']],
    [{}, { livenessProbe: { tcpSocket: { port: 80, host: 'example.com' } } }, []],
    [{}, { lifecycle: { preStop: { exec: { command: ['x'] } } } }, ['containers[].lifecycle.preStop.exec']],
    [{}, { lifecycle: { preStop: { sleep: { seconds: 1 } } } }, []],
    [{}, { lifecycle: { stopSignal: 'SIGUSR1' } }, ['containers[].lifecycle.stopSignal']],
    [{}, { restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] }, []],
    [{}, { restartPolicyRules: [{ action: 'RestartAllContainers' }] }, ['containers[].restartPolicyRules[].action']],
    [{}, { ports: [{ containerPort: 80, protocol: 'TCP' }] }, []],
    [{}, { ports: [{ containerPort: 80, hostPort: 80 }] }, ['containers[].ports[].hostPort']],
    [{ initContainers: [{ name: 'i', image: 'x', restartPolicy: 'Always', resources: { limits: { cpu: '1' } } }] }, {}, []],
    [{ initContainers: [{ name: 'i', image: 'x', terminationMessagePath: '/dev/termination-log' }] }, {}, []],
    [{ initContainers: [{ name: 'i', image: 'x', stdinOnce: true }] }, {}, ['initContainers[].stdinOnce']],
    [{ initContainers: [{ name: 'i', image: 'x', startupProbe: { exec: { command: ['x'] } } }] }, {}, ['initContainers[].startupProbe.exec']],
    [{ somethingNew: { deep: 1 } }, {}, ['somethingNew.deep']],
    [{}, { resources: { limits: { cpu: '1' } } }, []],
  ])('%o %o refuses %o', (spec, container, expected) => {
    expect(names(spec, container)).toEqual(expected);
  });

  it('lets the longest path decide, and the core overrule a provider that promises its work', () => {
    const provider = [
      { field: 'volumes', support: 'refused' as const },
      { field: 'volumes[].emptyDir', support: 'honoured' as const },
      { field: 'containers', support: 'honoured' as const },
    ];
    const spec = {
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'b', nfs: { server: 's' } },
      ],
    };
    expect(judgeSupport(pod(spec, { volumeDevices: [{ name: 'a', devicePath: '/dev/a' }] }), { support: provider }).refused.map(({ field }) => field)).toEqual([
      'containers[].volumeDevices',
      'volumes[].nfs',
    ]);
  });

  it('judges init containers by what is said of containers, unless a table names them or refuses them all', () => {
    const init = { initContainers: [{ name: 'i', image: 'x', stdinOnce: true }] };
    const judge = (...support: SupportTable): readonly string[] => judgeSupport(pod(init), { support }).refused.map(({ field }) => field);
    expect(judge({ field: 'containers', support: 'honoured' })).toEqual([]);
    expect(judge({ field: 'containers', support: 'honoured' }, { field: 'initContainers', support: 'refused' })).toEqual(['initContainers']);
    expect(judge({ field: 'containers', support: 'honoured' }, { field: 'initContainers[].stdinOnce', support: 'refused' })).toEqual([
      'initContainers[].stdinOnce',
    ]);
  });
});

describe('admission', () => {
  const node: Node = { metadata: { name: 'n1', labels: { zone: 'a', size: '5', 'kubernetes.io/os': 'linux' } }, spec: {} };
  const provider = { support: [{ field: 'containers', support: 'honoured' as const }] };
  const judge = (one: Pod, more: Partial<AdmissionInput> = {}): string | undefined =>
    admit({ pod: one, node, allocatable: { cpu: '2', memory: '1Gi', pods: '3' }, used: {}, podCount: 0, verdict: judgeSupport(one, provider), ...more })
      ?.reason;
  const wants = (requests: Record<string, string>): Pod => pod({}, { resources: { requests } });

  it.each<[string, Pod, Partial<AdmissionInput>, string | undefined]>([
    ['fits', wants({ cpu: '2', memory: '1024Mi' }), {}, undefined],
    ['cpu', wants({ cpu: '2001m' }), {}, 'OutOfcpu'],
    ['memory in use', wants({ memory: '1Mi' }), { used: { memory: 1024n ** 3n * 1_000_000_000n } }, 'OutOfmemory'],
    ['a resource the node lacks', wants({ 'example.com/gpu': '1' }), {}, 'OutOfexample.com/gpu'],
    ['limits without requests', pod({}, { resources: { limits: { cpu: '3' } } }), {}, 'OutOfcpu'],
    ['the number of pods', pod({}), { podCount: 3 }, 'OutOfpods'],
    ['unknown capacity', wants({ cpu: '99' }), { allocatable: undefined }, undefined],
    ['nodeSelector', pod({ nodeSelector: { zone: 'b' } }), {}, 'NodeAffinity'],
    ['operating system', pod({ os: { name: 'windows' } }), {}, 'PodOSNotSupported'],
    ['NoExecute taint', pod({}), { node: { ...node, spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } } }, 'TaintToleration'],
    [
      'tolerated taint',
      pod({ tolerations: [{ operator: 'Exists' }] }),
      { node: { ...node, spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } } },
      undefined,
    ],
    ['NoSchedule taint', pod({}), { node: { ...node, spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } } }, undefined],
    ['field', pod({ hostPID: true }), {}, 'UnsupportedPodField'],
  ])('%s', (_title, one, more, expected) => {
    expect(judge(one, more)).toBe(expected);
  });

  it.each<[string, readonly string[], boolean, string?]>([
    ['In', ['a', 'b'], true],
    ['In', ['b'], false],
    ['NotIn', ['b'], true],
    ['Exists', [], true],
    ['DoesNotExist', [], false],
    ['Gt', ['4'], true, 'size'],
    ['Gt', ['5'], false, 'size'],
    ['Lt', ['x'], false, 'size'],
    ['Unheard', ['a'], false],
  ])('affinity %s %o is %s', (operator, values, expected, key = 'zone') => {
    const nodeSelectorTerms = [{ matchExpressions: [{ key, operator, values }] }];
    const one = pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } });
    expect(matchesNode(one, node)).toBe(expected);
  });

  it('treats an affinity term without requirements as matching nothing', () => {
    expect(matchesNode(pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] } } } }), node)).toBe(false);
  });

  it.each([
    [{ key: 'k', operator: 'Exists' }, true],
    [{ key: 'k', value: 'v' }, true],
    [{ key: 'k', value: 'w' }, false],
    [{ key: 'other', operator: 'Exists' }, false],
    [{ operator: 'Exists', effect: 'NoSchedule' }, false],
    [{ operator: 'Exists' }, true],
    [{ value: 'v' }, false],
  ])('toleration %o of k=v:NoExecute is %s', (toleration, expected) => {
    expect(tolerates([toleration], { key: 'k', value: 'v', effect: 'NoExecute' })).toBe(expected);
  });
});
