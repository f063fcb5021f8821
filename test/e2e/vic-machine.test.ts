/**
 * create → list → inspect → configure → debug → update firewall → delete through vick against a vic-machine: the sandbox's stand-in, or a real one when
 * VICK_E2E_VIC_MACHINE names it. VICK_E2E_TARGET (or VIC_MACHINE_TARGET), VIC_MACHINE_USER, VIC_MACHINE_PASSWORD and VIC_MACHINE_THUMBPRINT
 * then say which vSphere it works on; VICK_E2E_VIC_ARGS holds further flags of `vick create vch`, separated by spaces (default: those for a
 * simulator's inventory).
 */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSite, type Site } from './site.ts';

const real = process.env['VICK_E2E_VIC_MACHINE'];
const name = `e2e-${randomBytes(3).toString('hex')}`;
const flags = (process.env['VICK_E2E_VIC_ARGS'] ?? '--bridge-network DC0_DVPG0 --no-tlsverify').split(' ').filter(Boolean);
const env: Record<string, string> = real === undefined ? {} : { VICK_VIC_MACHINE: resolve(real) };
if (real !== undefined) {
  for (const key of ['TARGET', 'USER', 'PASSWORD', 'THUMBPRINT'].map((part) => `VIC_MACHINE_${part}`)) env[key] = process.env[key] ?? '';
  env['VICK_TARGET'] = process.env['VICK_E2E_TARGET'] ?? env['VIC_MACHINE_TARGET'] ?? '';
  if (env['VIC_MACHINE_THUMBPRINT'] === '') env['VICK_ACCEPT_THUMBPRINT'] = 'true';
}

interface Configured {
  readonly outcome: string;
  readonly changes: readonly { readonly option: string; readonly to: readonly string[] }[];
  readonly node: { readonly name: string; readonly ready: boolean } | null;
}

let site: Site;
beforeAll(async () => {
  site = await startSite();
});
afterAll(async () => {
  // Whatever failed before: nothing stays on a vSphere that outlives the test.
  await site.vick(['delete', 'vch', name, '--yes', '--force'], { env });
  expect(await site.down()).toEqual({ processes: [], files: [] });
});

test('create, list, inspect, configure, debug, firewall and delete', async () => {
  // A real one may have no way to this cluster.
  const created = await site.ok(['create', 'vch', name, ...flags, ...(real === undefined ? [] : ['--no-wait']), '-o', 'json'], { env });
  const vch = JSON.parse(created.stdout) as { name: string; id: string; problems: string[] };
  expect(vch).toMatchObject({ name, id: expect.stringMatching(/^(vm-)?\d+$/), problems: [] });

  const listed = JSON.parse((await site.ok(['list', 'vch', '-o', 'json'], { env })).stdout) as { items: { name: string; id: string }[] };
  expect(listed.items.filter((item) => item.name === name)).toEqual([expect.objectContaining({ name, id: vch.id })]);

  const again = await site.vick(['create', 'vch', name, ...flags, '--no-wait'], { env });
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toContain(`vch/${name} unchanged`);

  const inspected = JSON.parse((await site.ok(['inspect', 'vch', name, '--options', '-o', 'json'], { env })).stdout) as {
    id: string;
    options: Record<string, string[]>;
  };
  expect(inspected).toMatchObject({ id: vch.id, options: { name: [name] } });

  const planned = JSON.parse((await site.ok(['configure', 'vch', name, '--memory', '3072', '--dry-run=client', '-o', 'json'], { env })).stdout) as Configured;
  expect(planned).toMatchObject({ outcome: 'planned', changes: [{ option: '--memory', to: ['3072'] }] });
  const configured = JSON.parse((await site.ok(['configure', 'vch', name, '--memory', '3072', '--yes', '-o', 'json'], { env })).stdout) as Configured;
  expect(configured).toMatchObject({ outcome: 'configured', changes: planned.changes, problems: [] });
  if (real === undefined) expect(configured.node).toEqual({ name: `kubelet-${name}`, ready: true });
  const repeated = JSON.parse((await site.ok(['configure', 'vch', name, '--memory', '3072', '--yes', '-o', 'json'], { env })).stdout) as Configured;
  expect(repeated).toMatchObject({ outcome: 'unchanged', changes: [] });

  const upgraded = JSON.parse((await site.ok(['upgrade', 'vch', name, '--yes', '-o', 'json'], { env })).stdout) as { outcome: string };
  expect(upgraded.outcome).toBe('unchanged');
  const debugged = JSON.parse((await site.ok(['debug', 'vch', name, '--enable-ssh', '--yes', '-o', 'json'], { env })).stdout) as { ssh: string };
  expect(debugged.ssh).toMatch(/^ssh root@/);
  const firewall = JSON.parse((await site.ok(['update', 'firewall', '--allow', '--yes', '-o', 'json'], { env })).stdout) as { hosts: string[] };
  expect(firewall.hosts.length).toBeGreaterThan(0);

  await site.ok(['delete', 'vch', name, '--yes', '--force'], { env });
  expect((await site.ok(['list', 'vch', '-o', 'name'], { env })).stdout).not.toContain(name);
  const gone = await site.vick(['delete', 'vch', name, '--yes'], { env });
  expect(gone.code, gone.stderr).toBe(5);
});

test.skipIf(real !== undefined)('silent failures of configure are failures (by the name of a VCH, which only the stand-in knows)', async () => {
  const silent = 'update-silent';
  await site.ok(['create', 'vch', silent, '--bridge-network', 'DC0_DVPG1', '--no-tlsverify', '--no-wait'], { env });
  try {
    const configured = await site.vick(['configure', 'vch', silent, '--memory', '1024', '--yes'], { env });
    expect(configured.code, configured.stderr).toBe(1);
    expect(configured.stderr).toContain('without saying that it succeeded');
    const rolledBack = await site.vick(['configure', 'vch', silent, '--rollback', '--yes'], { env });
    expect(rolledBack.code, rolledBack.stderr).toBe(1);
  } finally {
    await site.vick(['delete', 'vch', silent, '--yes', '--force'], { env });
  }
});

test('a wrong thumbprint is refused, and the right one is named', async () => {
  const wrong = `${'00:'.repeat(19)}00`;
  const refused = await site.vick(['list', 'vch', '--thumbprint', wrong], { env });
  expect(refused.code, refused.stderr).toBe(4);
  expect(refused.stderr).toMatch(/the thumbprint of \S+ is (?:[0-9A-F]{2}:){19}[0-9A-F]{2}, not 00:/);
});
