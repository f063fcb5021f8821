import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { isoContent } from '../../../src/sandbox/vsphere/vic-machine/iso.ts';
import { BUILD_VARIABLE } from '../../../src/sandbox/vsphere/vic-machine/program.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openStage, type RunOutcome, type Stage } from './stage.ts';
import { NOT_REPRODUCED, SETTINGS, writeNewerIsos } from './settings.ts';
import { readTranscript, transcriptNames, words, type Transcript } from './transcript.ts';

const RECORDED_THUMBPRINT = 'AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD';

/** A clock that jumps ahead whenever somebody waits. */
class JumpingClock extends FakeClock {
  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await this.advance(ms);
    signal?.throwIfAborted();
  }
}

async function replay(transcript: Transcript): Promise<{ readonly outcome: RunOutcome; readonly stage: Stage }> {
  const setting = SETTINGS[transcript.name] ?? {};
  const stage = await openStage(setting);
  try {
    const elsewhere = join(stage.folder, '..', 'elsewhere');
    await mkdir(join(elsewhere), { recursive: true });
    const other = join(stage.folder, '..', 'before');
    await mkdir(other);
    await nodeFileSystem.writeFile(join(other, 'kube.conf'), 'apiVersion: v1\n');
    const inPlace = async (command: string, cwd: string) => {
      const argv = words(command.replaceAll('ELSEWHERE', elsewhere));
      if (argv[0]?.endsWith('-newer') === true) await writeNewerIsos(cwd);
      else {
        for (const file of ['appliance.iso', 'bootstrap.iso']) {
          await nodeFileSystem.writeFile(join(cwd, file), isoContent('v1.5.0-dev-19900-c7d40ac8', { kubelet: true }));
        }
      }
      await stage.run(argv, { cwd, env: environmentOf(argv[0] ?? '') });
    };
    for (const command of setting.before ?? []) await inPlace(command, other);
    for (const command of setting.beforeHere ?? []) await inPlace(command, stage.folder);
    await setting.prepare?.(stage);
    stage.deny(setting.deniedLater ?? []);
    const all = words(transcript.command.replaceAll('ELSEWHERE', elsewhere));
    const assignments = all.filter((word, index) => /^[A-Z_]+=/.test(word) && all.slice(0, index).every((before) => before.includes('=')));
    const argv = all.slice(assignments.length).map((word) => (/^vm-\d+$/.test(word) && word !== 'vm-9999' ? (stage.vsphere.vms()[0]?.id ?? word) : word));
    const own = (text: string) => text.replaceAll(RECORDED_THUMBPRINT, stage.vsphere.thumbprint);
    const env = Object.fromEntries(assignments.map((word) => word.split('=') as [string, string]).map(([key, value]) => [key, own(value)]));
    const outcome = await stage.run(argv.map(own), {
      env: { ...env, ...environmentOf(argv[0] ?? '') },
      terminal: transcript.terminal,
      ...(setting.fastClock === true ? { clock: new JumpingClock() } : {}),
      ...(transcript.name === 'log-file-not-writable' ? { cwd: join(stage.folder, 'no-such-folder') } : {}),
    });
    return { outcome, stage };
  } finally {
    await stage.close();
  }
}

function environmentOf(program: string): Record<string, string> {
  if (program.endsWith('-newer')) return { [BUILD_VARIABLE]: 'v1.5.0-dev-19950-c7d40ac8' };
  return program.endsWith('-v1.5.6') ? { [BUILD_VARIABLE]: '1.5.6' } : {};
}

/** Takes out what differs from run to run, and the two orders that the real program leaves to chance. */
function normalise(lines: readonly string[], stage: Stage): readonly string[] {
  const plain = lines.map((line) =>
    line
      .replace(/^time="[^"]+"/, 'time=T')
      .replace(/^[A-Z][a-z]{2} [ \d]\d \d{4} [\d:.]+Z /, 'Mon 1 2026 T ')
      .replaceAll(stage.vsphere.thumbprint, RECORDED_THUMBPRINT)
      .replaceAll(join(stage.folder, '..', 'elsewhere'), 'ELSEWHERE')
      .replaceAll(stage.folder, 'WORKDIR')
      .replace(/dial tcp 127\.0\.0\.1:\d+/, 'dial tcp closed.example.test')
      .replace(/(?:127\.0\.0\.1|192\.0\.2\.\d+):2378/g, 'ADDRESS:ADMIN')
      .replace(/(?:127\.0\.0\.1|192\.0\.2\.\d+):\d+/g, 'ADDRESS:PORT')
      .replace(/127\.0\.0\.1|192\.0\.2\.\d+/g, 'ADDRESS')
      .replace(/\bvm-\d+ */g, 'vm-N ')
      .replace(/ResourcePool:resgroup-\d+/g, 'ResourcePool:resgroup-N')
      .replace(/Network role \\"\w+\\" is sharing NIC with \\"\w+\\"/, 'Network role R is sharing NIC')
      .replace(/Network role "\w+" is sharing NIC with "\w+" */, 'Network role R is sharing NIC'),
  );
  const widths = plain.map((line) => (line.includes('\u001b[') && line.includes('ADDRESS') ? line.trimEnd() : line));
  const uploads = plain.filter((line) => line.includes('Uploading') && line.includes('.iso as ')).sort();
  return widths
    .map((line) => (line.includes('Uploading') && line.includes('.iso as ') ? (uploads.shift() ?? line) : line))
    .map((line) => (line.startsWith('ID ') ? line.replace(/^ID +/, 'ID ') : line));
}

const lines = (text: string) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

describe('the stand-in for vic-machine against recorded runs', () => {
  const skipped: string[] = [];
  const left = (name: string) => NOT_REPRODUCED.find(({ names }) => names.test(name));
  for (const name of transcriptNames()) {
    const missing = left(name);
    if (missing !== undefined) {
      skipped.push(`${name}: ${missing.reason}`);
      continue;
    }
    it(name, async () => {
      const transcript = readTranscript(name);
      const { outcome, stage } = await replay(transcript);
      // Debug lines tell of calls that only a real vSphere gets.
      const told = (said: readonly string[]) => normalise(said, stage).filter((line) => !/^time=T level=debug|^Mon 1 2026 T DEBUG /.test(line));
      expect(told(lines(outcome.stdout))).toEqual(told(transcript.stdout));
      expect(normalise(lines(outcome.stderr), stage)).toEqual(normalise(transcript.stderr, stage));
      expect(outcome.exitCode).toBe(Number(transcript.exitCode));
    });
  }
  afterAll(() => {
    process.stdout.write(`Recorded runs that are not replayed (${String(skipped.length)}):\n${skipped.map((line) => `  ${line}\n`).join('')}`);
  });
});
