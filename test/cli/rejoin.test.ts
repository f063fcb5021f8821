import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createWorld, type World, type WorldOptions } from '../support/vch-world.ts';

const NODE = 'kubelet-vch1';
const STALE = '2026-11-23T11:59:00Z';
let world: World | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** A VCH that is a node which was Ready before. */
async function start(options: WorldOptions = {}, node: { readonly name: string; readonly ready: boolean } = { name: NODE, ready: true }): Promise<World> {
  world = await createWorld({ script: { configure: ['configure-no-change'], 'inspect config': ['inspect-config-verbose'] }, ...options });
  world.api.addNode(node.name, node.ready);
  condition(world).lastHeartbeatTime = STALE;
  world.api.leases.set(node.name, '2026-11-23T11:59:55.000000Z');
  return world;
}

function condition({ api }: World, name = NODE) {
  return api.nodes.get(name)?.status.conditions[0] ?? { type: 'Ready', status: 'False' };
}

function setReady(into: World, status: string, heartbeat?: string): void {
  Object.assign(condition(into), { status, ...(heartbeat === undefined ? {} : { lastHeartbeatTime: heartbeat }) });
}

function failure({ fake }: World): { code: string; message: string; hint: string; details: Record<string, unknown> } {
  return (JSON.parse(fake.stderr().trim().split('\n').at(-1)!) as { error: ReturnType<typeof failure> }).error;
}

const looksAt = ({ api }: World, name = NODE): number => api.requests.filter((request) => request === `GET /api/v1/nodes/${name}`).length;

describe('a node whose VCH restarts', () => {
  it('is waited for until its kubelet has posted anew, however long it says Ready from before', async () => {
    const { vick, fake, api } = await start();
    api.onLook = (look) => {
      if (look === 30) setReady(world!, 'Unknown');
      if (look === 60) setReady(world!, 'False', '2026-11-23T12:01:00Z');
      if (look === 70) setReady(world!, 'True', '2026-11-23T12:01:10Z');
    };
    expect(await vick('configure vch vch1 --memory 4096 -o json'), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({ outcome: 'configured', node: { name: NODE, ready: true }, problems: [] });
    expect(looksAt(world!)).toBe(70);
    expect(fake.stderr()).toContain(`Node ${NODE} becomes Ready`);
    expect(fake.stderr()).toContain('Ready as before; its kubelet has not been heard of yet');
  });

  it('is believed after two renewals of its lease when its kubelet was quicker than vic-machine, and not after one', async () => {
    const { vick, fake, api } = await start();
    api.onLook = (look) => {
      // Looks 1 is before the restart; the kubelet posts before vic-machine ends.
      if (look === 2) setReady(world!, 'True', '2026-11-23T12:00:30Z');
      if (look === 10) api.leases.set(NODE, '2026-11-23T12:00:40.000000Z');
      if (look === 20) api.leases.set(NODE, '2026-11-23T12:00:50.000000Z');
    };
    expect(await vick('configure vch vch1 --memory 4096'), fake.stderr()).toBe(0);
    expect(looksAt(world!)).toBe(20);
    expect(fake.stdout()).toContain(`Node ${NODE} is Ready`);
  });

  it('is told by what it posts alone where there is no lease', async () => {
    const { vick, fake, api } = await start();
    api.leases.clear();
    api.onLook = (look) => {
      if (look === 90) setReady(world!, 'True', '2026-11-23T12:01:30Z');
    };
    expect(await vick('configure vch vch1 --memory 4096'), fake.stderr()).toBe(0);
    expect(looksAt(world!)).toBe(90);
  });

  it('is believed at once when it was registered anew', async () => {
    const { vick, fake, api } = await start();
    api.onLook = (look) => {
      if (look === 5) Object.assign(api.nodes.get(NODE)!.metadata, { uid: 'another' });
    };
    expect(await vick('configure vch vch1 --memory 4096'), fake.stderr()).toBe(0);
    expect(looksAt(world!)).toBe(5);
  });

  it('that does not come back ends the command with 7, what was done, and what shows more', async () => {
    const { vick, fake, api } = await start();
    api.onLook = (look) => {
      if (look === 3) setReady(world!, 'Unknown');
    };
    expect(await vick('configure vch vch1 --memory 4096 --node-timeout 45s -o json')).toBe(7);
    const error = failure(world!);
    expect(error).toMatchObject({ code: 'NODE_NOT_READY', details: { node: NODE, outcome: 'configured', vch: { name: 'vch1', id: 'vm-29' } } });
    expect(error.message).toContain(`node ${NODE} did not become Ready in time: registered, not Ready`);
    expect(error.message).toContain('The VCH vch1 (vm-29) was configured.');
    expect(error.message).not.toContain('not Ready before');
    expect(error.hint).toContain(`vick status ${NODE}`);
    expect(fake.stdout()).toBe('');
  });

  it('that only repeats itself is not Ready again', async () => {
    const { vick } = await start({}, { name: NODE, ready: false });
    expect(await vick('configure vch vch1 --memory 4096 --node-timeout 5s -o json')).toBe(7);
    expect(failure(world!).message).toContain('Its node was not Ready before, either.');
    await world!.close();
    const other = await start();
    expect(await other.vick('configure vch vch1 --memory 4096 --node-timeout 5s -o json')).toBe(7);
    expect(failure(world!).message).toContain('Ready as before');
  });

  it('is told from what failed when the wait is interrupted', async () => {
    const { vick, fake, api } = await start();
    const abort = new AbortController();
    api.onLook = (look) => {
      if (look === 4) abort.abort(new Error('SIGINT'));
    };
    expect(await vick('configure vch vch1 --memory 4096', abort.signal)).toBe(130);
    expect(fake.stderr()).toContain(`interrupted while waiting for node ${NODE}`);
    expect(fake.stderr()).toContain('The VCH vch1 (vm-29) was configured.');
  });

  it('is not waited for when its kubelet did not start', async () => {
    const { vick, fake, folder } = await start({ script: { configure: ['partly'] } });
    const lines = ['level=error msg="  Component did not launch successfully - kubelet-starter: exec format error"', 'level=info msg="Completed successfully"'];
    await writeFile(join(folder, 'partly.txt'), `# exit code: 0\n---\n${lines.map((line) => `out| time="T" ${line} \n`).join('')}`);
    expect(await vick('configure vch vch1 -o json')).toBe(8);
    const { node, problems } = JSON.parse(fake.stdout()) as { node: unknown; problems: string[] };
    expect(node).toEqual({ name: NODE, ready: null });
    expect(problems[1]).toContain(`the node ${NODE} will not come back before its kubelet starts`);
    expect(looksAt(world!)).toBe(1);
  });

  it('is found by the name of the VCH that an id means', async () => {
    const { vick, fake, api } = await start({ script: { configure: ['configure-no-change'], ls: ['ls-one'] } });
    api.onLook = (look) => setReady(world!, 'True', `2026-11-23T12:00:${String(10 + look)}Z`);
    expect(await vick('configure vch --id vm-29 -o json'), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({ node: { name: NODE, ready: true } });
  });
});

describe('nothing is waited for', () => {
  it.each([
    ['--no-wait', 'configure vch vch1 --memory 4096 --no-wait', 0],
    ['a dry run', 'configure vch vch1 --memory 4096 --dry-run', 0],
    ['nothing to change', 'configure vch vch1 --volume-store LocalDS_0/vols:default', 0],
    ['--reset-progress', 'configure vch vch1 --reset-progress', 0],
    ['upgrade --reset-progress', 'upgrade vch vch1 --reset-progress', 0],
  ])('with %s, and no cluster is asked', async (_what, line) => {
    const reset = 'configure-reset-progress';
    const { vick, fake, api } = await start({
      script: { configure: [line.includes('reset') ? reset : 'configure-no-change'], upgrade: [reset], 'inspect config': ['inspect-config-verbose'] },
    });
    expect(await vick(`${line} -o json`), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({ node: null });
    expect(api.requests).toEqual([]);
    expect(fake.stderr()).not.toContain('No node is waited for');
  });

  it.each<[string, (at: World) => unknown, string]>([
    ['there is no such node', (at: World) => at.api.nodes.delete(NODE), 'there is no node kubelet-vch1 in the cluster'],
    [
      'the node runs on something else',
      (at: World) => Object.assign(at.api.nodes.get(NODE)!.status, { nodeInfo: { containerRuntimeVersion: 'containerd://2.0.0' } }),
      'does not run on a VCH',
    ],
    ['the cluster refuses', (at: World) => at.writeKubeconfig({ user: { token: 'wrong' } }), 'Unauthorized'],
    ['there is no cluster', (at: World) => at.writeKubeconfig({ server: 'https://127.0.0.1:1' }), '127.0.0.1:1'],
    ['the kubeconfig is none', (at: World) => writeFile(at.kubeconfig, 'nonsense'), 'config'],
  ])('where %s: a note, and no error', async (_what, change, said) => {
    const { vick, fake } = await start();
    await change(world!);
    expect(await vick('configure vch vch1 --memory 4096'), fake.stderr()).toBe(0);
    expect(fake.stderr()).toContain('No node is waited for: ');
    expect(fake.stderr()).toContain(said);
    expect(fake.stdout()).not.toContain('Node kubelet-vch1');
  });

  it('and nothing is changed with a kubeconfig that was typed and is none', async () => {
    const { vick, fake, calls } = await start();
    expect(await vick('configure vch vch1 --memory 4096 --kubeconfig nowhere.yaml')).toBe(6);
    expect(fake.stderr()).toContain('KUBECONFIG_NOT_FOUND');
    expect(await calls('configure')).toEqual([]);
  });
});

describe('vick upgrade vch', () => {
  async function upgrading(script: Record<string, readonly string[]>): Promise<World> {
    const started = await start({ script: { inspect: ['inspect-upgrade-available'], version: ['newer'], ...script } }, { name: 'kubelet-vch2', ready: true });
    await writeFile(join(started.folder, 'newer.txt'), '# exit code: 0\n---\nout| vic-machine-linux version v1.5.0-dev-19950-c7d40ac8\n');
    return started;
  }

  it.each([
    ['upgrade', 'upgrade vch vch2', 'upgraded'],
    ['a roll-back', 'upgrade vch vch2 --rollback', 'rolled-back'],
  ])('waits for the node after %s', async (_what, line, outcome) => {
    const { vick, fake, api } = await upgrading({ upgrade: ['upgrade-newer'] });
    api.onLook = (look) => {
      if (look === 8) Object.assign(condition(world!, 'kubelet-vch2'), { lastHeartbeatTime: '2026-11-23T12:02:00Z' });
    };
    expect(await vick(`${line} -o json`), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({ outcome, node: { name: 'kubelet-vch2', ready: true } });
    expect(looksAt(world!, 'kubelet-vch2')).toBe(8);
  });

  it('waits for no node that vic-machine found nothing to upgrade on', async () => {
    const { vick, fake, folder } = await upgrading({ upgrade: ['same'] });
    const line = '\\"vch2\\" has same or newer version a-1-b than installer version a-1-b. No upgrade is available.';
    await writeFile(join(folder, 'same.txt'), `# exit code: 0\n---\nout| time="T" level=error msg="${line}" \n`);
    expect(await vick('upgrade vch vch2 -o json'), fake.stderr()).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({ outcome: 'unchanged', node: null });
    expect(looksAt(world!, 'kubelet-vch2')).toBe(1);
  });

  it('waits for no node that was told to lose its kubelet', async () => {
    const { vick, fake, api, folder } = await upgrading({ upgrade: ['upgrade-newer'] });
    await writeFile(join(folder, 'bin', 'appliance.iso'), '');
    expect(await vick(`upgrade vch vch2 --appliance-iso ${join(folder, 'bin', 'appliance.iso')}`), fake.stderr()).toBe(0);
    expect(fake.stderr()).toContain('a VCH that is a node stops being one');
    expect(api.requests).toEqual([]);
  });
});
