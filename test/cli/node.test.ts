import { afterEach, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { settle } from '../support/fake-clock.ts';
import { createFakeHost, type FakeHost } from '../support/fake-deps.ts';
import { startSmallApiServer, type Seed, type SmallApiServer } from '../support/small-api-server.ts';

const SEED: Seed = {
  nodes: [
    {
      metadata: { name: 'kubelet-demo', labels: { type: 'virtual-kubelet', tier: 'edge' }, creationTimestamp: '2026-11-23T11:00:00Z' },
      spec: { taints: [{ key: 'a', value: '1', effect: 'NoSchedule' }] },
      status: {
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }],
        capacity: { cpu: '4', memory: '8Gi', pods: '20' },
        allocatable: { cpu: '4', memory: '8Gi', pods: '20' },
        nodeInfo: { kubeletVersion: 'v1.32.0-vick.1' } as never,
        addresses: [{ type: 'InternalIP', address: '10.0.0.7' }],
      },
    },
    {
      metadata: { name: 'kubelet-web', labels: { type: 'virtual-kubelet' }, creationTimestamp: '2026-11-23T11:00:00Z' },
      spec: {},
      status: { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' }] },
    },
    { metadata: { name: 'worker-1', labels: {}, creationTimestamp: '2026-11-23T11:00:00Z' }, spec: {}, status: {} },
  ],
  leases: [{ metadata: { name: 'kubelet-demo' }, spec: { renewTime: '2026-11-23T11:59:55.000000Z' } }],
  pods: [
    {
      metadata: { name: 'hello', namespace: 'default', creationTimestamp: '2026-11-23T11:59:00Z' },
      spec: { nodeName: 'kubelet-demo', containers: [{ name: 'c', image: 'busybox' }] },
      status: { phase: 'Running', containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: 2, state: { running: {} } }] },
    },
  ],
};

let server: SmallApiServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(options: { terminal?: boolean } = {}): Promise<{ server: SmallApiServer; fake: FakeHost; vick: (line: string) => Promise<number> }> {
  const api = await startSmallApiServer(SEED);
  server = api;
  const fake = createFakeHost({ ...options, host: { kubernetes: api.kubernetes } });
  return { server: api, fake, vick: (line) => run(line.split(' '), fake.host) };
}

describe('vick node taint', () => {
  it('taints the node of a VCH by the name of either, at the version it read', async () => {
    const { server, fake, vick } = await start();
    expect(await vick('node taint demo b=2:NoExecute')).toBe(0);
    expect(fake.stdout()).toBe('node/kubelet-demo tainted\n');
    expect(server.node('kubelet-demo').spec?.taints).toEqual([
      { key: 'a', value: '1', effect: 'NoSchedule' },
      { key: 'b', value: '2', effect: 'NoExecute' },
    ]);
    expect(await vick('node taint kubelet-demo b-')).toBe(0);
    expect(fake.stdout()).toContain('node/kubelet-demo untainted\n');
    expect(server.requests.filter((line) => line.startsWith('PATCH'))).toHaveLength(2);
  });

  it('leaves an identical taint alone without writing', async () => {
    const { server, fake, vick } = await start();
    expect(await vick('node taint nodes demo a=1:NoSchedule')).toBe(0);
    expect(fake.stdout()).toBe('node/kubelet-demo unchanged\n');
    expect(server.requests.some((line) => line.startsWith('PATCH'))).toBe(false);
  });

  it('refuses another value without --overwrite with exit 3, and takes it with', async () => {
    const { server, fake, vick } = await start();
    expect(await vick('node taint demo a=2:NoSchedule')).toBe(3);
    expect(fake.stderr()).toBe(
      'error: node kubelet-demo already has a taint(s) with same effect(s) and --overwrite is false [NODE_CONFLICT]\nhint: Use --overwrite to replace the value.\n',
    );
    expect(await vick('node taint demo a=2:NoSchedule --overwrite=true')).toBe(0);
    expect(server.node('kubelet-demo').spec?.taints).toEqual([{ key: 'a', value: '2', effect: 'NoSchedule' }]);
  });

  it('keeps what somebody else wrote meanwhile', async () => {
    const { server, fake, vick } = await start();
    let raced = false;
    server.beforePatch = (_name, change) => {
      if (!raced) change((node) => (node.spec['taints'] = [{ key: 'theirs', effect: 'NoSchedule' }]));
      raced = true;
      return undefined;
    };
    const done = vick('node taint demo mine:NoSchedule');
    await expect.poll(() => fake.clock.pending).toBe(1);
    await fake.clock.advance(1_000);
    expect(await done).toBe(0);
    expect(server.node('kubelet-demo').spec?.taints?.map((taint) => taint.key)).toEqual(['theirs', 'mine']);
  });

  it('gives up with exit 3 on a node that never stands still', async () => {
    const { server, fake, vick } = await start();
    server.beforePatch = (_name, change) => {
      change(() => undefined);
      return undefined;
    };
    let code: number | undefined;
    void vick('node taint demo mine:NoSchedule').then((value) => (code = value));
    await expect
      .poll(async () => {
        await fake.clock.advance(5_000);
        await settle();
        return code;
      })
      .toBe(3);
    expect(fake.stderr()).toContain('[KUBE_CONFLICT]');
    expect(server.requests.filter((line) => line.startsWith('PATCH'))).toHaveLength(6);
  });

  it('goes on after a node that refuses, says so, and exits with 8', async () => {
    const { server, fake, vick } = await start();
    expect(await vick('node taint demo nowhere web x:NoSchedule')).toBe(8);
    expect(fake.stdout()).toBe('node/kubelet-demo tainted\nnode/kubelet-web tainted\n');
    expect(fake.stderr()).toContain('nowhere: node "nowhere" or "kubelet-nowhere" not found [KUBE_NOT_FOUND]');
    expect(server.node('kubelet-web').spec?.taints).toHaveLength(1);
  });

  it('is the error itself where nothing could be done', async () => {
    const { fake, vick } = await start();
    expect(await vick('node taint nowhere x:NoSchedule')).toBe(5);
    expect(await vick('node taint nowhere neither x:NoSchedule')).toBe(5);
    expect(fake.stderr()).toContain('none of 2 nodes was changed');
    expect(fake.stdout()).toBe('');
  });

  it('takes every virtual node with --all, and no other', async () => {
    const { server, fake, vick } = await start();
    expect(await vick('node taint --all x:NoSchedule -o name')).toBe(0);
    expect(fake.stdout()).toBe('node/kubelet-demo\nnode/kubelet-web\n');
    expect(server.node('worker-1').spec?.taints).toBeUndefined();
  });

  it.each([
    ['node taint x:NoSchedule', 'one or more nodes must be given'],
    ['node taint demo x:NoSchedule web', 'all resources must be specified before taint changes: web'],
    ['node taint demo x:NoSchedule --all', 'names cannot be given together with a selector or --all'],
    ['node taint --all -l a=b x:NoSchedule', "setting 'all' parameter with a non empty selector is prohibited"],
    ['node taint demo', 'at least one taint update is required'],
  ])('refuses `%s` with exit 2 before it asks any server', async (line, message) => {
    const { server, fake, vick } = await start();
    expect(await vick(line)).toBe(2);
    expect(fake.stderr()).toContain(message);
    expect(server.requests).toEqual([]);
  });

  it('only says what it would do with --dry-run', async () => {
    const { server, fake, vick } = await start();
    expect(await vick('node taint demo x:NoSchedule --dry-run client')).toBe(0);
    expect(await vick('node taint demo x:NoSchedule --dry-run=server')).toBe(0);
    expect(fake.stdout()).toBe('node/kubelet-demo tainted (dry run)\nnode/kubelet-demo tainted (server dry run)\n');
    expect(server.requests.filter((line) => line.startsWith('PATCH'))).toEqual(['PATCH /api/v1/nodes/kubelet-demo?fieldManager=vick&dryRun=All']);
    expect(server.node('kubelet-demo').spec?.taints).toHaveLength(1);
  });

  it('stops at the first refusal that every node would get', async () => {
    const { server, fake, vick } = await start();
    server.beforePatch = () => ({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
    expect(await vick('node taint demo web x:NoSchedule')).toBe(4);
    expect(fake.stderr()).toContain('[KUBE_UNAUTHENTICATED]');
    expect(server.requests.filter((line) => line.startsWith('PATCH'))).toHaveLength(1);
  });
});

describe('vick node label', () => {
  it('sets, removes, and says what is not there without failing', async () => {
    const { server, fake, vick } = await start();
    expect(await vick('node label demo zone=a tier- gone-')).toBe(0);
    expect(fake.stdout()).toBe('node/kubelet-demo modified\n');
    expect(fake.stderr()).toBe('label "gone" not found.\n');
    expect(server.node('kubelet-demo').metadata?.labels).toEqual({ type: 'virtual-kubelet', zone: 'a' });
  });

  it('reports as data for scripts', async () => {
    const { fake, vick } = await start();
    expect(await vick('node label demo web tier=edge -o json')).toBe(0);
    expect(JSON.parse(fake.stdout())).toEqual({
      apiVersion: 'vick.dev/v1alpha1',
      kind: 'NodeLabelResult',
      dryRun: 'none',
      items: [
        { node: 'kubelet-demo', result: 'not labeled' },
        { node: 'kubelet-web', result: 'labeled' },
      ],
    });
  });

  it('refuses another value without --overwrite', async () => {
    const { fake, vick } = await start();
    expect(await vick('node label demo tier=core -o json')).toBe(3);
    expect(fake.stdout()).toBe('');
    expect(JSON.parse(fake.stderr())).toMatchObject({ error: { code: 'NODE_CONFLICT' } });
  });
});

describe('vick node list', () => {
  it('shows virtual nodes with their state', async () => {
    const { fake, vick } = await start();
    expect(await vick('node list')).toBe(0);
    expect(fake.stdout()).toMatchInlineSnapshot(`
      "NAME           VCH    STATUS    TAINTS           AGE   LEASE
      kubelet-demo   demo   Ready     a=1:NoSchedule   60m   5s ago
      kubelet-web    web    Unknown   <none>           60m   <unknown>
      "
    `);
  });

  it('shows labels and addresses with -o wide, and every node with --all', async () => {
    const { fake, vick } = await start();
    expect(await vick('nodes ls --all -o wide')).toBe(0);
    const rows = fake.stdout().split('\n');
    expect(rows[1]).toBe('kubelet-demo   demo     Ready     a=1:NoSchedule   60m   5s ago      v1.32.0-vick.1   10.0.0.7      type=virtual-kubelet,tier=edge');
    expect(rows[3]).toMatch(/^worker-1 {7}<none> {3}Unknown/);
  });

  it('does without leases where they may not be read', async () => {
    const { server, fake, vick } = await start();
    server.forbidden.add('/apis/coordination.k8s.io');
    expect(await vick('node list')).toBe(0);
    expect(fake.stdout()).toContain('<unknown>');
  });

  it('says on stderr that there are none', async () => {
    const { fake, vick } = await start();
    expect(await vick('node list -l type=other')).toBe(0);
    expect(fake.stdout()).toBe('');
    expect(fake.stderr()).toBe('No virtual nodes found.\n');
  });
});

describe('vick status', () => {
  it('shows one VCH on one screen', async () => {
    const { server, fake, vick } = await start();
    expect(await vick('status demo')).toBe(0);
    const [address = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(fake.stdout()) ?? [];
    expect(address).not.toBe('');
    expect(fake.stdout().replace(address, 'SERVER')).toMatchInlineSnapshot(`
      "Cluster   SERVER (v1.32.2)

      VCH          demo
        Node       kubelet-demo
        Status     Ready
        Lease      renewed 5s ago
        Version    v1.32.0-vick.1
        Capacity   4 CPU, 8Gi memory, 20 pods
        Taints     a=1:NoSchedule
        Age        60m

        POD             READY   STATUS    RESTARTS   AGE
        default/hello   1/1     Running   2          60s
      "
    `);
    expect(server.requests).toContain('GET /api/v1/pods?fieldSelector=spec.nodeName=kubelet-demo');
  });

  it('exits with 1 and says why when a node is not Ready', async () => {
    const { fake, vick } = await start();
    expect(await vick('status')).toBe(1);
    expect(fake.stdout()).toContain('  Reason     NodeStatusUnknown: Kubelet stopped posting node status.');
  });

  it('shows what it may see', async () => {
    const { server, fake, vick } = await start();
    server.forbidden.add('/api/v1/pods');
    expect(await vick('status demo -o json')).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({
      kind: 'Status',
      nodes: [{ name: 'kubelet-demo', vch: 'demo', ready: true, pods: null, leaseRenewedAt: '2026-11-23T11:59:55Z' }],
    });
  });

  it('colours the state on a terminal only', async () => {
    const tty = await start({ terminal: true });
    await tty.vick('status demo');
    expect(tty.fake.stdout()).toContain('\u001b[32mReady\u001b[39m');
    await tty.server.close();
    const pipe = await start();
    await pipe.vick('status demo');

    expect(pipe.fake.stdout()).not.toMatch(/\u001b/);
  });

  it('ends with 5 for a VCH that is no node', async () => {
    const { fake, vick } = await start();
    expect(await vick('status nowhere')).toBe(5);
    expect(fake.stderr()).toContain('node "nowhere" or "kubelet-nowhere" not found');
  });
});
