import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unitText } from '../../../../src/operations/local-kubelet/unit.ts';

const analyze = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
const ODD = ['a b', '100%', '$HOME', '${PATH}', 'say "hi"', "it's", 'back\\slash', 'tab\there', ';', '--label=a=b,c=d', 'ü'];

const commandLine = (text: string): string => /^ExecStart=(.*)$/m.exec(text)?.[1] ?? '';

/** As systemd takes a command line apart (systemd.service(5), "Command lines"), for what the unit may hold. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare = '']) => {
    const text = quoted === undefined ? bare : quoted.replaceAll(/\\(.)/g, (_whole, char: string) => ({ n: '\n', t: '\t' })[char] ?? char);
    return text.replaceAll('%%', '%').replaceAll('$$', '$');
  });
}

describe('the unit of vick kubelet unit', () => {
  it('has a command line that systemd takes apart into the very words', () => {
    const word = fc.oneof(fc.constantFrom(...ODD), fc.stringMatching(/^[ -~]{1,20}$/));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (more) => {
        const argv = ['/usr/bin/node', ...more];
        const text = unitText({ nodeName: 'kubelet-web', argv, user: undefined, environment: {} });
        expect(words(commandLine(text))).toEqual(argv);
        // What is left of a single sign would be a specifier or a variable.
        expect(commandLine(text).replaceAll('%%', '').replaceAll('$$', '')).not.toMatch(/[%$]/);
      }),
    );
  });

  it('says who it runs as and what it is told by the environment', () => {
    const text = unitText({ nodeName: 'kubelet-web', argv: ['/bin/true'], user: 'vick', environment: { DOCKER_CERT_PATH: '/etc/my certs/100%' } });
    expect(text).toContain('\nUser=vick\n');
    expect(text).toContain('\nEnvironment="DOCKER_CERT_PATH=/etc/my certs/100%%"\n');
    expect(unitText({ nodeName: 'n', argv: ['/bin/true'], user: undefined, environment: {} })).not.toMatch(/^User=/m);
  });

  it.skipIf(analyze.status !== 0)(`passes systemd-analyze verify${analyze.status === 0 ? '' : ' (skipped: there is no systemd-analyze here)'}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vick-unit-'));
    try {
      const path = join(folder, 'vick-web.service');
      await writeFile(path, unitText({ nodeName: 'kubelet-web', argv: [process.execPath, ...ODD], user: 'root', environment: { A: 'b "c" %d' } }));
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
      expect([status, stderr.split('\n').filter((line) => line.includes('vick-web'))]).toEqual([0, []]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
