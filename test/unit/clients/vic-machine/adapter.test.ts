import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseInspection } from '../../../../src/clients/vic-machine/inspect.ts';
import { locateVicMachine } from '../../../../src/clients/vic-machine/locate.ts';
import { parseOutput } from '../../../../src/clients/vic-machine/log-line.ts';
import { createVicMachine } from '../../../../src/clients/vic-machine/vic-machine.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { execaRunner } from '../../../../src/platform/node/runner.ts';
import { readTranscript } from '../../../support/transcript.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vick-vic-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function program(path: string, body = 'exit 0', mode = 0o755): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, mode);
  return path;
}

describe('locateVicMachine', () => {
  const locate = (explicit: string | undefined, env: Record<string, string> = {}) => locateVicMachine({ explicit, env, cwd: folder, fs: nodeFileSystem });

  it('takes the flag, else the variable, else the first in PATH by its release names', async () => {
    for (const name of ['a', 'b']) await mkdir(join(folder, name));
    await program(join(folder, 'flag'));
    await program(join(folder, 'variable'));
    await program(join(folder, 'b', 'vic-machine'));
    await program(join(folder, 'b', 'vic-machine-linux'));
    const env = { PATH: `${join(folder, 'a')}:${join(folder, 'b')}` };
    expect(await locate('flag', { ...env, VICK_VIC_MACHINE: './variable' })).toBe(join(folder, 'flag'));
    expect(await locate(undefined, { ...env, VICK_VIC_MACHINE: './variable' })).toBe(join(folder, 'variable'));
    expect(await locate(undefined, env)).toBe(join(folder, 'b', 'vic-machine-linux'));
  });

  it('says what is wrong with the one that was named', async () => {
    await expect(locate('nowhere')).rejects.toMatchObject({ code: 'VIC_MACHINE_NOT_FOUND', message: `there is no vic-machine at ${join(folder, 'nowhere')}` });
    await expect(locate(folder)).rejects.toMatchObject({ code: 'VIC_MACHINE_NOT_FOUND', message: expect.stringContaining('is not a file') });
    await program(join(folder, 'plain'), '', 0o644);
    await expect(locate('plain')).rejects.toMatchObject({ message: expect.stringContaining('may not be executed'), hint: expect.stringContaining('chmod +x') });
    await expect(locate(undefined, { PATH: folder })).rejects.toMatchObject({ code: 'VIC_MACHINE_NOT_FOUND', hint: expect.stringContaining('--vic-machine') });
  });
});

describe('the adapter', () => {
  const target = { target: 'vc.example.test', user: 'root', password: 'secret', thumbprint: undefined };
  const open = (binary: string) =>
    createVicMachine({ binary, runner: execaRunner, env: { PATH: '/usr/bin:/bin', VICK_PASSWORD: 'other', VIC_MACHINE_TARGET: 'elsewhere' } });
  const context = (limitMs = 20_000) => ({ workingDirectory: folder, limitMs });

  it('gives the child the password by environment and nothing that overrules the flags', async () => {
    const binary = await program(join(folder, 'vic'), 'echo "Incorrect Usage: $VIC_MACHINE_PASSWORD/$VICK_PASSWORD/$VIC_MACHINE_TARGET/$(pwd)"');
    await expect(open(binary).list(target, {}, context())).rejects.toMatchObject({ details: { issues: [`Incorrect Usage: secret///${folder}`] } });
  });

  it('passes lines on as they come, on both streams', async () => {
    const binary = await program(join(folder, 'vic'), 'echo one; echo two >&2; echo "ID        PATH        NAME        VERSION        UPGRADE STATUS"');
    const lines: string[] = [];
    expect(await open(binary).list(target, {}, { ...context(), onLine: (line) => lines.push(line) })).toEqual([]);
    expect(lines.filter((line) => /^(one|two)$/.test(line)).sort()).toEqual(['one', 'two']);
  });

  it('ends a run that takes too long', async () => {
    const binary = await program(join(folder, 'vic'), 'exec sleep 60');
    await expect(open(binary).list(target, {}, context(100))).rejects.toMatchObject({ code: 'VIC_MACHINE_TIMEOUT', exitCode: 7 });
  });

  it('is a failure, not a crash, when the binary cannot be run at all', async () => {
    const binary = join(folder, 'vic');
    await writeFile(binary, '#!/no/such/interpreter\n');
    await chmod(binary, 0o755);
    await expect(open(binary).version(context())).rejects.toMatchObject({
      code: 'VIC_MACHINE_FAILED',
      message: expect.stringContaining('could not be started'),
    });
  });

  it('says by which signal a run ended', async () => {
    const binary = await program(join(folder, 'vic'), 'kill -9 $$');
    await expect(open(binary).list(target, {}, context())).rejects.toMatchObject({ code: 'VIC_MACHINE_FAILED', message: expect.stringContaining('SIGKILL') });
  });

  it('passes unknown failures on word by word', async () => {
    const binary = await program(join(folder, 'vic'), `echo 'time="x" level=error msg="the moon is in the wrong house" '; exit 1`);
    await expect(open(binary).list(target, {}, context())).rejects.toMatchObject({
      code: 'VIC_MACHINE_FAILED',
      message: 'vic-machine ls failed: the moon is in the wrong house',
    });
  });

  it('reads the same out of any pieces the output comes in', async () => {
    const transcript = readTranscript('inspect-by-id');
    const outputFile = join(folder, 'output');
    await writeFile(outputFile, transcript.stdout);
    const script = join(folder, 'pieces.mjs');
    await writeFile(
      script,
      `import { readFileSync, writeSync } from 'node:fs';
       const text = readFileSync(${JSON.stringify(outputFile)});
       const sizes = process.env.PIECES.split(',').map(Number);
       for (let at = 0, turn = 0; at < text.length; turn += 1) at += writeSync(1, text, at, Math.min(sizes[turn % sizes.length], text.length - at));`,
    );
    const whole = parseInspection(parseOutput(transcript.stdout));
    const binary = await program(join(folder, 'vic'), `exec '${process.execPath}' '${script}'`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }), async (sizes) => {
        const vic = createVicMachine({ binary, runner: execaRunner, env: { PATH: '/usr/bin:/bin', PIECES: sizes.join(',') } });
        expect(await vic.inspect(target, { id: 'vm-29' }, context())).toEqual({ ...whole, problems: [] });
      }),
      { numRuns: 6 },
    );
  });
});
