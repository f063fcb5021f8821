import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectlMinor, startSite, type Run, type Site } from './site.ts';

const minor = kubectlMinor();
if (minor === undefined) console.log('skipped: test/e2e/kubectl.test.ts needs kubectl on the path');

describe.skipIf(minor === undefined)('real kubectl', () => {
  let site: Site;
  const ok = async (...args: string[]): Promise<string> => {
    const result = await site.kubectl(args);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')} exited ${String(result.code)}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const fails = async (...args: string[]): Promise<Run> => {
    const result = await site.kubectl(args);
    expect(result.code).not.toBe(0);
    return result;
  };

  beforeAll(async () => {
    site = await startSite();
    await site.ok(['create', 'vch', 'kc', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
    const manifest = {
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: '1' } },
        { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } },
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'web', labels: { app: 'web' } },
          spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '600'] }] },
        },
      ],
    };
    await writeFile(join(site.folder, 'all.json'), JSON.stringify(manifest));
  });
  afterAll(async () => {
    await site.kubectl(['delete', '-f', 'all.json', '--ignore-not-found', '--timeout=60s']);
    await site.vick(['delete', 'vch', 'kc', '--yes', '--force']);
    expect(await site.down()).toEqual({ processes: [], files: [] });
  });

  test('get nodes shows the node as Ready', async () => {
    expect(await ok('get', 'nodes')).toMatch(/^NAME +STATUS +ROLES +AGE +VERSION\nkubelet-kc +Ready +/);
    expect(await ok('get', 'nodes', '-o', 'wide')).toContain('INTERNAL-IP');
  });

  test('apply creates, applies again unchanged, and changes', async () => {
    expect(await ok('apply', '-f', 'all.json')).toBe('configmap/settings created\nservice/web created\npod/web created\n');
    expect(await ok('apply', '-f', 'all.json')).toBe('configmap/settings unchanged\nservice/web unchanged\npod/web unchanged\n');
    const changed = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: '2' } };
    expect((await site.kubectl(['apply', '-f', '-'], { input: JSON.stringify(changed) })).stdout).toBe('configmap/settings configured\n');
    expect(await ok('get', 'configmap', 'settings', '-o', 'jsonpath={.data.a}')).toBe('2');
  });

  test('wait, get and describe a pod that runs', async () => {
    expect(await ok('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s')).toBe('pod/web condition met\n');
    expect(await ok('get', 'pods', '-l', 'app=web')).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE\nweb +1\/1 +Running +0 /);
    const described = await ok('describe', 'pod', 'web');
    expect(described).toMatch(/Node: +kubelet-kc\//);
    expect(described).toMatch(/Status: +Running/);
    expect(described).toMatch(/Normal +Scheduled/);
    expect(described).toMatch(/Normal +Started/);
  });

  test('describe node', async () => {
    const described = await ok('describe', 'node', 'kubelet-kc');
    expect(described).toMatch(/Ready +True .*KubeletReady/);
    expect(described).toContain('web');
  });

  test('label, annotate, taint, cordon, uncordon', async () => {
    expect(await ok('label', 'node', 'kubelet-kc', 'disk=ssd')).toBe('node/kubelet-kc labeled\n');
    expect((await fails('label', 'node', 'kubelet-kc', 'disk=hdd')).stderr).toContain('--overwrite is false');
    expect(await ok('annotate', 'node', 'kubelet-kc', 'note=x')).toMatch(/^node\/kubelet-kc annotated?\n$/);
    expect(await ok('taint', 'node', 'kubelet-kc', 'k=v:NoSchedule')).toBe('node/kubelet-kc tainted\n');
    expect(await ok('taint', 'node', 'kubelet-kc', 'k-')).toBe('node/kubelet-kc untainted\n');
    expect(await ok('cordon', 'kubelet-kc')).toBe('node/kubelet-kc cordoned\n');
    expect(await ok('get', 'node', 'kubelet-kc')).toContain('Ready,SchedulingDisabled');
    expect(await ok('uncordon', 'kubelet-kc')).toBe('node/kubelet-kc uncordoned\n');
  });

  test('create, patch and delete', async () => {
    expect(await ok('create', 'configmap', 'made', '--from-literal=k=v')).toBe('configmap/made created\n');
    expect((await fails('create', 'configmap', 'made')).stderr).toContain('already exists');
    for (const [type, patch] of [
      ['merge', '{"data":{"m":"1"}}'],
      ['strategic', '{"data":{"s":"1"}}'],
      ['json', '[{"op":"add","path":"/data/j","value":"1"}]'],
    ] as const) {
      expect(await ok('patch', 'configmap', 'made', `--type=${type}`, '-p', patch)).toBe('configmap/made patched\n');
    }
    expect(await ok('get', 'configmap', 'made', '-o', 'jsonpath={.data}')).toBe('{"j":"1","k":"v","m":"1","s":"1"}');
    expect(await ok('delete', 'configmap', 'made')).toMatch(/^configmap "made" deleted/);
    expect((await fails('get', 'configmap', 'made')).stderr).toContain('Error from server (NotFound)');
  });

  test('get -w tells of changes', async () => {
    const watching = site.kubectl(['get', 'pods', '-w', '--request-timeout=60s', '--no-headers'], { interrupt: { when: /Terminating/, signal: 'SIGINT' } });
    await ok('label', 'pod', 'web', 'seen=yes');
    await ok('delete', 'pod', 'web', '--wait=false');
    const { stdout } = await watching;
    expect(stdout).toMatch(/web +1\/1 +Running/);
    expect(stdout).toMatch(/web +\d\/1 +Terminating/);
  });

  test('delete waits until the pod is gone', async () => {
    // The one before it may still be on its way out, and would be what is applied to. Older clients fail when it is gone.
    await site.kubectl(['wait', '--for=delete', 'pod/web', '--timeout=60s']);
    await site.kubectl(['apply', '-f', 'all.json']);
    await ok('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s');
    expect(await ok('delete', 'pod', 'web', '--timeout=60s')).toMatch(/^pod "web" deleted/);
    expect((await fails('get', 'pod', 'web')).stderr).toContain('NotFound');
  });
});
