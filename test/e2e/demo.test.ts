import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processesNaming, run, type Run, type RunOptions } from './site.ts';

const DEMO = resolve(import.meta.dirname, '../demo/demo.mjs');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vick-demo-test-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The demo with a temporary folder of its own, so that whatever it leaves behind is seen. */
async function demo(options: RunOptions = {}): Promise<Run> {
  const result = await run(process.execPath, [DEMO], { ...options, env: { HOME: folder, TMPDIR: folder, NO_COLOR: '1', ...options.env } });
  expect(processesNaming(folder)).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
  return result;
}

test('it tells the whole story and leaves nothing', async () => {
  const { code, stdout, stderr } = await demo();
  expect(code, stdout + stderr).toBe(0);
  const story = [
    '$ vick sandbox up',
    '$ vick create vch demo',
    '$ vick node list',
    '$ vick node taint',
    '$ vick sandbox apply',
    '$ vick sandbox logs',
    '$ vick delete vch demo',
    '$ vick sandbox down',
  ];
  const places = story.map((command) => stdout.indexOf(command));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(stdout).toMatch(/kubelet-demo +\S*.*Ready|kubelet-demo +.*True/);
  for (const count of [1, 2, 3]) expect(stdout).toMatch(new RegExp(`^hello ${count} at \\d\\d:\\d\\d:\\d\\d$`, 'm'));
  expect(stdout).toMatch(/# done in \S+ s; nothing is left behind\n$/);
});

test.each([
  ['the VCH is made', /\$ vick create vch/, 'SIGINT'],
  ['the sandbox starts', /\$ vick sandbox up/, 'SIGINT'],
  ['the pod writes', /hello 1 at/, 'SIGTERM'],
] as const)('interrupted while %s', async (_, when, signal) => {
  const result = await demo({ interrupt: { when, signal } });
  expect(result.code, result.stdout + result.stderr).toBe(130);
  expect(result.stdout).toMatch(/# interrupted; nothing is left behind\n$/);
});

test('a step that fails', async () => {
  // Not a folder of control plane programs: the sandbox cannot start with it.
  const result = await demo({ env: { KUBEBUILDER_ASSETS: folder } });
  expect(result.code, result.stdout + result.stderr).toBe(1);
  expect(result.stdout).toMatch(/# `vick sandbox up` ended with exit code \d+; nothing is left behind\n$/);
});
