import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContainerInfo } from '../../../../../src/clients/port-layer/port.ts';
import { podAnnotations, readIdentity, type PodIdentity } from '../../../../../src/providers/vic/vm/identity.ts';
import { standingVms, surplusVms, type PodVm } from '../../../../../src/providers/vic/vm/pod-index.ts';
import { mainVm, missingPart, partsOf, together, vmOfPort } from '../../../../../src/providers/vic/plan/pod-parts.ts';
import { planCreate } from '../../../../../src/providers/vic/plan/plan-create.ts';
import { parseImageCache, findImage } from '../../../../../src/providers/vic/images/image-cache.ts';
import { containerRequest, podRequest } from '../../../../support/kubelet/pod-requests.ts';

const ORDER = ['first', 'web', 'db'] as const;
const ROLES = { first: 'init', web: 'main', db: 'main' } as const;
const image = (): NonNullable<ReturnType<typeof findImage>> => {
  const entry = { id: 'l'.repeat(64), image_id: 'a'.repeat(64), config: { Cmd: ['sh'] }, name: 'busybox', registry: 'busybox:latest' };
  return findImage(parseImageCache(JSON.stringify({ CacheByID: {}, CacheByName: { 'busybox:latest': entry } }), undefined), 'busybox:latest')!;
};

function identity(uid: string, container?: (typeof ORDER)[number]): PodIdentity {
  const remembered = { layerId: '', imageId: '', imageRef: '', stopSignal: '', tty: false, stdin: false, stdinOnce: false };
  const names = container === undefined ? ORDER : [container];
  const containers = names.map((name) => ({ name, role: ROLES[name], ...remembered }));
  const part = container === undefined ? {} : { part: { container, order: ORDER, ports: container === 'db' ? [5432] : [80] } };
  return { uid, namespace: 'ns', name: 'p', hostname: 'p', containers, ...part };
}
const vmOf = (id: string, of: PodIdentity, state = 'Created', createdAt = 0): PodVm => ({
  identity: of,
  info: { id, state, createdAt } as unknown as ContainerInfo,
});

const vms = fc.uniqueArray(
  fc.record({
    id: fc.stringMatching(/^[0-9a-f]{6}$/),
    uid: fc.constantFrom('u1', 'u2'),
    container: fc.constantFrom(undefined, ...ORDER),
    state: fc.constantFrom('Created', 'Running', 'Stopped'),
    createdAt: fc.nat(5),
  }),
  { selector: ({ id }) => id, maxLength: 10 },
);

describe('the VMs of a pod', () => {
  it('stand once for each container or once for all, and every other one is surplus, in whatever order they are listed', () => {
    fc.assert(
      fc.property(vms, fc.infiniteStream(fc.nat()), (facts, seeds) => {
        const all = facts.map(({ id, uid, container, state, createdAt }) => vmOf(id, identity(uid, container), state, createdAt));
        const shuffled = all
          .map((vm) => [seeds.next().value, vm] as const)
          .sort(([a], [b]) => a - b)
          .map(([, vm]) => vm);
        for (const uid of ['u1', 'u2']) {
          const own = all.filter((vm) => vm.identity.uid === uid);
          const standing = standingVms(own);
          expect(standing).toEqual(standingVms(shuffled.filter((vm) => vm.identity.uid === uid)));
          const names = standing.map(({ identity: { part } }) => part?.container);
          expect(new Set(names).size).toBe(names.length);
          expect(names.includes(undefined) ? names.length : 1).toBe(1);
          expect(names.filter((name) => name !== undefined)).toEqual(ORDER.filter((name) => names.includes(name)));
          if (own.length > 0) expect(standing.length).toBeGreaterThan(0);
          // What runs is never taken for surplus while something of the same that is off is kept.
          const off = surplusVms(own).filter(({ info }) => info.state === 'Running');
          for (const vm of off) {
            const kept = standing.filter(
              ({ identity: { part } }) => (part === undefined) === (vm.identity.part === undefined) && part?.container === vm.identity.part?.container,
            );
            expect(kept.every(({ info }) => info.state === 'Running')).toBe(true);
          }
        }
        const surplus = surplusVms(all);
        const kept = ['u1', 'u2'].flatMap((uid) => standingVms(all.filter((vm) => vm.identity.uid === uid)));
        expect([...surplus, ...kept].map(({ info }) => info.id).sort()).toEqual(all.map(({ info }) => info.id).sort());
      }),
    );
  });

  it('remember which container they are for, also where the rest cannot be read', () => {
    const own = identity('u1', 'db');
    expect(readIdentity({ annotations: podAnnotations(own) })).toEqual(own);
    const broken = readIdentity({ annotations: { ...podAnnotations(own), 'vick.dev/containers': 'nonsense' } });
    expect(broken?.part).toEqual({ container: 'db', order: ['db'], ports: [] });
    expect(readIdentity({ annotations: podAnnotations(identity('u1')) })?.part).toBeUndefined();
  });

  it('have the address of the first main one, and ports where they are declared', () => {
    const [first, web, db] = ORDER.map((name) => vmOf(name, identity('u1', name)));
    const all = [first!, web!, db!];
    expect(mainVm(all)).toBe(web);
    expect(vmOfPort(all, 5432, undefined)).toBe(db);
    expect(vmOfPort(all, 80, 'db')).toBe(db);
    expect(vmOfPort(all, 9999, undefined)).toBe(web);
    expect(vmOfPort([vmOf('x', identity('u1'))], 5432, 'db')?.info.id).toBe('x');
    const each = all.map(({ info }) => ({
      uid: 'u1',
      ips: [`10.0.0.${String(info.id.length)}`],
      containers: [{ name: info.id, id: info.id, state: { kind: 'created' } as const }],
    }));
    expect(together('u1', all, each)).toMatchObject({ ips: ['10.0.0.3'], containers: [{ name: 'first' }, { name: 'web' }, { name: 'db' }] });
    // Without it the pod has no address: that of another container would get its connections.
    expect(together('u1', [first!, db!].slice(0, 1), each.slice(0, 1)).ips).toEqual([]);
  });
});

describe('the parts of a pod', () => {
  const pod = podRequest(
    [
      containerRequest({ name: 'init', role: 'init', spec: { name: 'init', resources: { requests: { memory: '4Gi' } } } }),
      containerRequest({ name: 'a', spec: { name: 'a', ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }] } }),
      containerRequest({ name: 'a-container-with-a-long-name-1' }),
      containerRequest({ name: 'a-container-with-a-long-name-2' }),
    ],
    { name: 'x'.repeat(60), uid: '01234567-89ab' },
  );
  const defined = {
    pod: { ...pod.pod, spec: { ...pod.pod.spec!, hostname: 'web-0', subdomain: 'db', resources: { requests: { cpu: '9' } } } },
    containers: pod.definitions,
  };
  const images = new Map(pod.definitions.map(({ name }) => [name, image()]));
  const plans = partsOf(defined).map((part) => planCreate(part, images, { scope: 'routed', clusterDomain: 'cluster.local' }));

  it('have a disk, a task, a size, ports and a name of their own, and the host name of the pod', () => {
    expect(plans.map(({ disks, tasks }) => [disks.length, tasks.map(({ container, primary }) => [container, primary])])).toEqual(
      pod.definitions.map(({ name }) => [1, [[name, true]]]),
    );
    expect(plans.map(({ size }) => [size.numCpus, size.memoryMiB])).toEqual([
      [2, 4096],
      [2, 2048],
      [2, 2048],
      [2, 2048],
    ]);
    expect(plans.map(({ network }) => network.ports)).toEqual([undefined, ['80/tcp', '53/udp'], undefined, undefined]);
    expect(new Set(plans.map(({ vmName }) => vmName)).size).toBe(4);
    for (const { vmName, identity: own, domainname } of plans) {
      expect(vmName.length).toBeLessThanOrEqual(66);
      expect(vmName).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
      expect([own.hostname, domainname]).toEqual(['web-0', 'db.default.svc.cluster.local']);
    }
    expect(plans[1]?.identity.part).toMatchObject({ container: 'a', ports: [80] });
  });

  it('are planned alike when the VM of one is made again by what another one remembers', () => {
    const [other, planned] = [plans[2]!, plans[1]!];
    const again = missingPart(other.identity, other.identity.part!, pod.definitions[1]!);
    const { identity: own, vmName, size, network, domainname, tasks } = planCreate(again, images, { scope: 'routed', clusterDomain: 'cluster.local' });
    expect({ own, vmName, size, network, domainname, tasks }).toEqual({
      ...{ own: planned.identity, vmName: planned.vmName, size: planned.size, network: planned.network },
      ...{ domainname: planned.domainname, tasks: planned.tasks },
    });
  });
});
