/**
 * create → list → delete through vick against a vic-machine: the sandbox's stand-in, or a real one when
 * VICK_E2E_VIC_MACHINE names it. VIC_MACHINE_TARGET, VIC_MACHINE_USER, VIC_MACHINE_PASSWORD and VIC_MACHINE_THUMBPRINT
 * then say which vSphere it works on, VICK_E2E_VIC_ARGS holds further flags of `vick create vch`, separated by spaces.
 */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSite, type Site } from './site.ts';

const real = process.env['VICK_E2E_VIC_MACHINE'];
const name = `e2e-${randomBytes(3).toString('hex')}`;
const flags = real === undefined ? ['--bridge-network', 'DC0_DVPG0', '--no-tlsverify'] : (process.env['VICK_E2E_VIC_ARGS'] ?? '').split(' ').filter(Boolean);
const env: Record<string, string> = real === undefined ? {} : { VICK_VIC_MACHINE: resolve(real) };
if (real !== undefined) {
  for (const key of ['TARGET', 'USER', 'PASSWORD', 'THUMBPRINT'].map((part) => `VIC_MACHINE_${part}`)) env[key] = process.env[key] ?? '';
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

test('create, list and delete', async () => {
  const created = await site.ok(['create', 'vch', name, ...flags, '--no-wait', '-o', 'json'], { env });
  const vch = JSON.parse(created.stdout) as { name: string; id: string; problems: string[] };
  expect(vch).toMatchObject({ name, id: expect.stringMatching(/^(vm-)?\d+$/), problems: [] });

  const listed = JSON.parse((await site.ok(['list', 'vch', '-o', 'json'], { env })).stdout) as { items: { name: string; id: string }[] };
  expect(listed.items.filter((item) => item.name === name)).toEqual([expect.objectContaining({ name, id: vch.id })]);

  const again = await site.vick(['create', 'vch', name, ...flags, '--no-wait'], { env });
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toContain(`vch/${name} unchanged`);

  await site.ok(['delete', 'vch', name, '--yes', '--force'], { env });
  expect((await site.ok(['list', 'vch', '-o', 'name'], { env })).stdout).not.toContain(name);
  const gone = await site.vick(['delete', 'vch', name, '--yes'], { env });
  expect(gone.code, gone.stderr).toBe(5);
});
