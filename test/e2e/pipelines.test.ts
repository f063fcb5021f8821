/** The pipelines of the README, run as their runners would: the shell steps in order, with the variables they set. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run, startSite, VICK, type Run, type Site } from './site.ts';

let site: Site;
let examples: Readonly<Record<string, string>>;
beforeAll(async () => {
  site = await startSite();
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  examples = Object.fromEntries([...readme.matchAll(/<!-- ci: (\S+) -->\n\n```yaml\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => [name, text]));
  const bin = join(site.folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'vick'), `#!/bin/sh\nexec '${process.execPath}' '${VICK}' "$@"\n`);
  await chmod(join(bin, 'vick'), 0o755);
  await writeFile(join(site.folder, 'vchs.yaml'), examples['vchs.yaml'] ?? '');
});
afterAll(async () => {
  await site.vick(['delete', 'vch', 'ci', '--yes', '--force']);
  expect(await site.down()).toEqual({ processes: [], files: [] });
});

/** What the runner's own variables and secrets hold; the sandbox stands for the site. */
function variables(): Record<string, string> {
  const { VIC_MACHINE_TARGET = '', VIC_MACHINE_USER = '', VIC_MACHINE_PASSWORD = '', VIC_MACHINE_THUMBPRINT = '' } = site.env;
  return {
    'vars.VSPHERE_TARGET': VIC_MACHINE_TARGET,
    'vars.VSPHERE_USER': VIC_MACHINE_USER,
    'vars.VSPHERE_THUMBPRINT': VIC_MACHINE_THUMBPRINT,
    'secrets.VSPHERE_PASSWORD': VIC_MACHINE_PASSWORD,
  };
}

/** Without the sandbox's variables for vSphere: the pipeline has to set what vick needs. */
function plainEnv(): Record<string, string> {
  const kept = Object.entries(site.env).filter(([name]) => !name.startsWith('VIC_MACHINE_'));
  return { ...Object.fromEntries(kept), PATH: `${join(site.folder, 'bin')}:${process.env['PATH'] ?? ''}` };
}

/** As the runners do: each script in one shell that stops at the first failure. */
const shell = (script: string, env: Record<string, string>): Promise<Run> => run('sh', ['-e', '-c', script], { env, cwd: site.folder });

async function checkResult(change: string): Promise<void> {
  const result = JSON.parse(await readFile(join(site.folder, 'result.json'), 'utf8')) as { items: { name: string; change: string; problems: string[] }[] };
  expect(result.items).toEqual([expect.objectContaining({ name: 'ci', change, problems: [] })]);
}

test('GitHub Actions', async () => {
  const workflow = parse(examples['github'] ?? '') as { jobs: { apply: { env: Record<string, string>; steps: { run?: string }[] } } };
  const { env, steps } = workflow.jobs.apply;
  const set = Object.fromEntries(
    Object.entries(env).map(([name, text]) => [name, text.replaceAll(/\$\{\{ (\S+) \}\}/g, (_whole, key: string) => variables()[key] ?? '')]),
  );
  const scripts = steps.flatMap((step) => step.run ?? []);
  expect(scripts).toHaveLength(2);
  for (const script of scripts) {
    const result = await shell(script, { ...plainEnv(), ...set });
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout + result.stderr).not.toContain(site.env['VIC_MACHINE_PASSWORD']);
  }
  await checkResult('created');
});

test('GitLab, on what is there already, and its removal', async () => {
  const jobs = parse(examples['gitlab'] ?? '') as Record<string, { script: string[]; variables?: Record<string, string> }>;
  const secret = join(site.folder, 'vsphere-password');
  await writeFile(secret, `${site.env['VIC_MACHINE_PASSWORD'] ?? ''}\n`, { mode: 0o600 });
  // The project's variables; the first two are the same in every job.
  const { VIC_MACHINE_TARGET = '', VIC_MACHINE_USER = '', VIC_MACHINE_THUMBPRINT = '' } = site.env;
  const project = { VICK_TARGET: VIC_MACHINE_TARGET, VICK_USER: VIC_MACHINE_USER, VICK_THUMBPRINT: VIC_MACHINE_THUMBPRINT, VICK_PASSWORD_FILE: secret };
  for (const name of ['check', 'apply', 'remove']) {
    const own = Object.fromEntries(Object.entries(jobs[name]?.variables ?? {}).map(([key, text]) => [key, text.replace('$VSPHERE_PASSWORD_FILE', secret)]));
    const result = await shell((jobs[name]?.script ?? ['false']).join('\n'), { ...plainEnv(), ...project, ...own });
    expect(result.code, `${name}: ${result.stderr}`).toBe(0);
    expect(result.stdout + result.stderr).not.toContain(site.env['VIC_MACHINE_PASSWORD']);
    if (name === 'apply') await checkResult('unchanged');
  }
  expect((await site.ok(['list', 'vch', '-o', 'name'])).stdout).toBe('');
});

test('with -o json every line of stderr is an event or the error, and nothing anywhere holds the password', async () => {
  const secret = site.env['VIC_MACHINE_PASSWORD'] ?? '';
  const made = await site.ok(['create', 'vch', 'events', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify', '-o', 'json', '--verbose', '--password-stdin'], {
    input: `${secret}\n`,
    env: { VIC_MACHINE_PASSWORD: '' },
  });
  const events = made.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(new Set(events.map((event) => event['apiVersion']))).toEqual(new Set(['vick.dev/v1alpha1']));
  const done = events.filter((event) => event['type'] === 'step' && event['state'] === 'done').map((event) => event['name']);
  expect(done).toEqual(expect.arrayContaining(['vic-machine-upload', 'vic-machine-boot', 'node-registered', 'node-ready']));
  const failed = await site.vick(['create', 'vch', 'events', '--bridge-network', 'DC0_DVPG1', '--no-tlsverify', '-o', 'json']);
  expect(failed.code).toBe(3);
  expect(JSON.parse(failed.stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    error: {
      code: 'VCH_DIFFERS',
      details: { differences: [expect.objectContaining({ field: 'spec.bridgeNetwork', actual: 'DC0_DVPG0', wanted: 'DC0_DVPG1' })] },
    },
  });
  expect(made.stdout + made.stderr + failed.stdout + failed.stderr).not.toContain(secret);
  // site.json is the sandbox's own, from which `sandbox env` prints the password.
  const found = await run('grep', ['-rlF', '--exclude=site.json', '--exclude-dir=vms', '--', secret, site.stateDirectory]);
  expect(found.stdout).toBe('');
  await site.ok(['delete', 'vch', 'events', '--yes']);
});
