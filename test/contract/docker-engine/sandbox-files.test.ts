/** Files that are written to the disk of a pod VM, as programs in real containers find them. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/platform/log.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { packArchive, type ArchiveEntry } from '../../../src/platform/tar.ts';
import { detectEngine } from '../../../src/providers/docker/engine-kind.ts';
import { ensureSandboxImage, SANDBOX_COMMAND } from '../../../src/providers/docker/sandbox-image.ts';
import { writtenDisk, type WrittenDisk } from '../../../src/sandbox/engines/disk-folder.ts';
import { SITE_LABEL } from '../../../src/sandbox/engines/docker-labels.ts';
import { createDockerEngine } from '../../../src/sandbox/engines/docker.ts';
import type { Engine, EngineTask, LaunchRequest, Machine } from '../../../src/sandbox/engines/port.ts';
import { decodeFilterSpec } from '../../../src/sandbox/vch/port-layer/archive/filter-spec.ts';
import { VmDisks } from '../../../src/sandbox/vch/port-layer/vm-disks.ts';
import { BUSYBOX } from '../../support/engines/busybox-image.ts';
import { clientOf } from '../../support/engines/engine.ts';
import { never, overEngines } from './world.ts';

const file = (path: string, content = 'x', mode = 0o644): ArchiveEntry => ({ path, kind: 'file', mode, content: Buffer.from(content) });
const folder = (path: string, mode = 0o755): ArchiveEntry => ({ path, kind: 'folder', mode });

await overEngines('files on the disks of a sandbox', (real) => {
  describe(`files on the disks of a sandbox over ${real.name}`, () => {
    const client = clientOf(real);
    let engine: Engine;
    let image = '';
    let directory: string;
    let machine: Machine;
    let machines = 0;

    const open = (): Machine => engine.openMachine({ id: `${String((machines += 1)).padStart(4, '0')}${'b'.repeat(60)}`, directory });
    const sh = (script: string, more: Partial<LaunchRequest> = {}): Promise<EngineTask> =>
      machine.launch({
        ...{ id: 'task', path: '/bin/sh', args: ['-c', script], env: ['PATH=/bin'], workingDir: '', user: '', tty: false, openStdin: false, image },
        ...more,
      });
    const out = async (task: EngineTask): Promise<string> => {
      const [stdout, stderr] = await Promise.all([text(task.stdout), text(task.stderr), task.exited]);
      return stdout + stderr;
    };
    const disks = [{ deltaId: 'c0', layerId: '' }];
    const write = async (entries: readonly ArchiveEntry[]): Promise<WrittenDisk> => {
      const archive = packArchive(entries, 0);
      const of = disks.map((disk) => ({ ...disk, layerId: image }));
      await new VmDisks(nodeFileSystem, directory).unpack(of, 0, { files: engine.files!, archive, filter: decodeFilterSpec()!, signal: never });
      return writtenDisk(nodeFileSystem, { directory: join(directory, 'disks', '0') });
    };

    beforeAll(async () => {
      const holder = async (signal: AbortSignal) => {
        const facts = await detectEngine(client, signal);
        return { image: await ensureSandboxImage(client, facts, signal), program: SANDBOX_COMMAND, namesEach: facts.kind === 'podman' };
      };
      engine = createDockerEngine({ engine: client, site: 'files', holder, clock: systemClock, log: silentLog });
      image = (await client.inspectImage(BUSYBOX.image, never))!.Id.replace('sha256:', '');
    });
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'vick-files-'));
      await mkdir(join(directory, 'disks'));
      machine = open();
    });
    afterEach(async () => {
      await machine.destroy();
      await rm(directory, { recursive: true, force: true });
      expect(await client.listContainers({ label: [`${SITE_LABEL}=files`] }, never)).toEqual([]);
    });
    afterAll(async () => {
      client.close();
      await real.close();
    });

    it('tells what lies in an image', async () => {
      expect(await engine.files?.refusal(never)).toBeUndefined();
      const opened = await engine.files!.openImage(image, never);
      expect(await opened.look('/tmp', never)).toMatchObject({ kind: 'folder', mode: 0o1777 });
      expect(await opened.look('/etc/passwd', never)).toMatchObject({ kind: 'file', mode: 0o644 });
      expect(await opened.look('/bin/busybox', never)).toMatchObject({ kind: 'file', mode: 0o755 });
      expect(await opened.look('/etc/none', never)).toBeUndefined();
      // Podman tells of what it leads to.
      expect(['link', 'file']).toContain((await opened.look('/bin/sh', never))?.kind);
      await opened.close();
    });

    it('refuses an image that the engine does not have', async () => {
      await expect(engine.files!.openImage('0'.repeat(64), never)).rejects.toThrow();
    });

    it('shows them to every task, to commands in them, and again to the next life of the machine', async () => {
      const disk = await write([
        folder('etc/config', 0o777),
        file('etc/config/app', 'one', 0o600),
        { path: 'etc/config/again', kind: 'link', mode: 0o777, target: 'app' },
        file('etc/passwd', 'root:x:0:0::/:/bin/sh\n', 0o600),
        file('tmp/made', 'two'),
        folder('data'),
      ]);
      const script =
        'cat /etc/config/again /tmp/made; stat -c " %a %u %n" /etc/config /etc/config/app /etc/passwd /tmp /etc /bin/sh; wc -l < /etc/passwd; echo ok > /data/x';
      const seen = 'onetwo 755 0 /etc/config\n 600 0 /etc/config/app\n 644 0 /etc/passwd\n 1777 0 /tmp\n 755 0 /etc\n 777 0 /bin/sh\n1\n';
      expect(await out(await sh(script, { disk }))).toBe(seen);
      const waiting = await sh('echo here > /data/y; echo up; sleep 1000', { disk });
      await new Promise((resolve) => waiting.stdout.once('data', resolve));
      expect(await out(await sh('cat /etc/config/app /data/y', { joins: true, disk }))).toBe('onehere\n');
      await machine.destroy();
      machine = open();
      expect(await out(await sh(script, { disk }))).toBe(seen);
    });

    it('keeps what a program makes in a folder that was written empty, for its next life alone', async () => {
      // Podman gives what is put into a container to root.
      const owner = real.name === 'podman' ? '0:0' : '7:8';
      const disk = await write([folder('data'), folder('srv/config'), file('srv/config/a', 'as written')]);
      const script =
        'cat /data/*/kept; cat /srv/config/a; mkdir -p /data/sub; echo more >> /data/sub/kept; chown 7:8 /data /data/sub/kept; stat -c " %u:%g" /data; echo changed > /srv/config/a; exit 3';
      expect(await out(await sh(script, { disk }))).toMatch(/No such file or directory|as written 7:8/);
      await machine.destroy();
      machine = open();
      const second = await sh('stat -c "%u:%g" /data /data/sub/kept; cat /data/sub/kept; echo two >> /data/sub/kept; cat /srv/config/a; echo up; sleep 1000', {
        disk,
      });
      const said: string[] = [];
      await new Promise<void>((resolve) => {
        second.stdout.on('data', (chunk: Buffer) => {
          said.push(chunk.toString());
          if (said.join('').includes('up')) resolve();
        });
      });
      expect(said.join('')).toBe(`${owner}\n${owner}\nmore\nas writtenup\n`);
      await machine.destroy();
      machine = open();
      expect(await out(await sh('cat /data/sub/kept', { disk }))).toBe('more\ntwo\n');
      expect(await out(await sh('ls /data', { disk, id: 'another' }))).toBe('');
    });

    it('reads a disk when its machine is off: the image, what was written, and what programs left in folders that were empty', async () => {
      const disk = await write([folder('data'), file('tmp/made', 'two')]);
      await (
        await sh('echo said > /data/message; mkdir /data/sub; echo lost > /tmp/lost', { disk })
      ).exited;
      await machine.destroy();
      const of = disks.map((one) => ({ ...one, layerId: image }));
      const opened = await new VmDisks(nodeFileSystem, directory).open(of, 0, { files: engine.files!, tasks: ['none', 'task'], signal: never });
      try {
        const read = async (...paths: readonly string[]): Promise<readonly (readonly [string, string | undefined])[]> => {
          const filter = { inclusions: paths, exclusions: [''], rebasePath: '', stripPath: '' };
          const found: (readonly [string, string | undefined])[] = [];
          for await (const { path, kind, content } of opened.reader.members(filter, { data: true })) {
            found.push([path, kind === 'file' ? Buffer.from(content ?? []).toString() : kind]);
          }
          return found;
        };
        expect(await read('data', 'tmp')).toEqual([
          ['data', 'folder'],
          ['data/message', 'said\n'],
          ['data/sub', 'folder'],
          ['tmp', 'folder'],
          ['tmp/made', 'two'],
        ]);
        expect(await read('etc/passwd')).toEqual([['etc/passwd', expect.stringContaining('root:')]]);
        expect(await opened.reader.stat('/data/message')).toMatchObject({ kind: 'file', name: 'message', size: 5 });
        expect((await opened.reader.stat('/data/message'))?.modifiedAt).toBeGreaterThan(0);
      } finally {
        await opened.close();
      }
    });

    it('gives owner and mode their meaning for who is not root', async () => {
      const disk = await write([folder('srv'), file('srv/open', 'open'), file('srv/shut', 'shut', 0o600)]);
      expect(await out(await sh('cat /srv/open; cat /srv/shut', { disk, user: '65534' }))).toMatch(/^open.*denied\n$/);
    });

    it('runs a program that was written', async () => {
      const disk = await write([folder('scripts'), file('scripts/run', '#!/bin/sh\necho ran "$1"\n', 0o755), file('scripts/text', '', 0o644)]);
      expect(await out(await sh('', { path: '/scripts/run', args: ['it'], disk }))).toBe('ran it\n');
      await expect(sh('', { path: '/scripts/text', args: [], disk })).rejects.toMatchObject({ name: 'LaunchError', message: 'permission denied' });
    });

    it('does not write what has no folder in the image', async () => {
      await expect(write([file('etc/none/x')])).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(write([file('etc/passwd/x')])).rejects.toMatchObject({ code: 'ENOTDIR' });
    });
  });
});
