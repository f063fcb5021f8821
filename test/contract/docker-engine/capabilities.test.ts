/** What the provider can do beyond running pods, over real engines. */
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerRequest, VolumeRequest } from '../../../src/kubelet/provider.ts';
import type { DockerProvider } from '../../../src/providers/docker/provider.ts';
import { BUSYBOX } from '../../support/engines/busybox-image.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../support/kubelet/pod-requests.ts';
import { never, overEngines, providerOver } from './world.ts';

const shell = (script: string, more: Partial<ContainerRequest> = {}): ContainerRequest =>
  containerRequest({ name: 'c', image: BUSYBOX.image, command: ['/bin/sh', '-c', script], ...more });
const WAITS = "trap 'exit 0' TERM; sleep 1000 & wait";
const LOG = { follow: false, previous: false, timestamps: false };

await overEngines('capabilities of the docker provider', (engine) => {
  describe(`the docker provider over ${engine.name}`, () => {
    let provider: DockerProvider;
    beforeAll(async () => {
      provider = await providerOver(engine);
    });
    afterAll(() => engine.close());

    const up = async (definitions: readonly ContainerRequest[], volumes: readonly VolumeRequest[] = [], spec: object = {}): Promise<RequestedPod> => {
      const base = podRequest(definitions);
      const pod = { ...base, volumes, pod: { ...base.pod, spec: { ...base.pod.spec!, ...spec } } };
      await provider.create(pod, never);
      for (const { name } of definitions) await provider.start(startRequest(pod, name), never);
      return pod;
    };
    const ended = async (uid: string, name = 'c') => {
      await expect.poll(async () => stateOf(uid, name), { timeout: 30_000, interval: 50 }).toMatchObject({ kind: 'exited' });
      return (await stateOf(uid, name))!;
    };
    const stateOf = async (uid: string, name: string) => (await provider.status(uid, never))?.containers.find((one) => one.name === name)?.state;
    const logOf = async (uid: string, options: object = {}, container = 'c') =>
      text(await provider.logs!.open({ uid, container }, { ...LOG, ...options }, never));
    const exec = async (uid: string, command: readonly string[], stdin?: string): Promise<{ code: number; out: string; err: string }> => {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const [out, err] = [text(stdout), text(stderr)];
      const input = stdin === undefined ? {} : { stdin: new PassThrough().end(stdin) };
      const code = await provider.exec!.exec({ uid, container: 'c' }, command, { ...input, stdout, stderr, tty: false }, never);
      return { code, out: await out, err: await err };
    };

    it('gives the log of a run by stream, tail and previous', async () => {
      const pod = await up([shell('echo one; echo two; echo wrong >&2; exit 1')]);
      await ended(pod.uid);
      expect(await logOf(pod.uid, { stream: 'stdout' })).toBe('one\ntwo\n');
      expect(await logOf(pod.uid, { stream: 'stderr' })).toBe('wrong\n');
      expect((await logOf(pod.uid, { tailLines: 1 })).split('\n')).toHaveLength(2);
      expect(await logOf(pod.uid, { tailLines: 0 })).toBe('');
      expect(await logOf(pod.uid, { timestamps: true, stream: 'stderr' })).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00) wrong\n$/);
      await expect(logOf(pod.uid, { previous: true })).rejects.toThrow(/no earlier run/);
      await provider.start({ uid: pod.uid, containers: ['c'], define: () => Promise.resolve([shell('echo three')]) }, never);
      await ended(pod.uid);
      expect(await logOf(pod.uid)).toBe('three\n');
      expect(await logOf(pod.uid, { previous: true, stream: 'stdout' })).toBe('one\ntwo\n');
      await provider.remove(pod.uid, never);
    });

    it('follows a log to the end of the run', async () => {
      const pod = await up([shell('for i in 1 2 3; do echo $i; sleep 0.3; done')]);
      expect(await logOf(pod.uid, { follow: true })).toBe('1\n2\n3\n');
      await provider.remove(pod.uid, never);
    });

    it('executes with input, streams and exit code', async () => {
      const pod = await up([shell(WAITS)]);
      expect(await exec(pod.uid, ['sh', '-c', 'cat; echo oops >&2; exit 5'], 'hello')).toEqual({ code: 5, out: 'hello', err: 'oops\n' });
      expect((await exec(pod.uid, ['dd', 'if=/dev/zero', 'bs=1M', 'count=20', 'status=none'])).out).toHaveLength(20 * 1024 * 1024);
      expect(await exec(pod.uid, ['cat'])).toEqual({ code: 0, out: '', err: '' });
      const said = [new PassThrough(), new PassThrough()] as const;
      const outputs = said.map((stream) => text(stream));
      const refused = provider.exec!.exec({ uid: pod.uid, container: 'c' }, ['/no/such'], { stdout: said[0], stderr: said[1], tty: false }, never);
      await expect(refused).rejects.toThrow(/no such file|not found/);
      // The engine says why in place of the command, which said nothing.
      expect(await Promise.all(outputs)).toEqual(['', '']);
      expect(await exec(pod.uid, ['sh', '-c', 'echo OCI runtime exec failed; echo said I; exit 3'])).toMatchObject({
        code: 3,
        out: 'OCI runtime exec failed\nsaid I\n',
      });
      await provider.remove(pod.uid, never);
    });

    it('executes on a terminal that changes its size', async () => {
      const pod = await up([shell(WAITS)]);
      const [stdin, stdout] = [new PassThrough(), new PassThrough()];
      const sizes = async function* () {
        yield { width: 90, height: 33 };
        await once(stdin, 'close');
      };
      const running = provider.exec!.exec(
        { uid: pod.uid, container: 'c' },
        ['sh', '-c', 'until [ "$(stty size)" = "33 90" ]; do sleep 0.05; done; read x; echo got $x; exit 4'],
        { stdin, stdout, tty: true, resize: sizes() },
        never,
      );
      const said = text(stdout);
      stdin.write('go\n');
      expect(await running).toBe(4);
      expect(await said).toContain('got go');
      await provider.remove(pod.uid, never);
    });

    it('attaches to the main process and gives it nothing but its input', async () => {
      const pod = await up([shell('read line; echo "<$line>"; read rest; exit 0', { stdin: true })]);
      const [stdin, stdout] = [new PassThrough(), new PassThrough()];
      const said = text(stdout);
      const attached = provider.attach!.attach({ uid: pod.uid, container: 'c' }, { stdin, stdout, tty: false }, never);
      stdin.write('hi\n');
      await expect.poll(() => logOf(pod.uid), { timeout: 20_000 }).toBe('<hi>\n');
      stdin.end('bye\n');
      await attached;
      expect(await said).toBe('<hi>\n');
      await provider.remove(pod.uid, never);
    });

    it('connects to ports from within and from outside, with half a close', async () => {
      const pod = await up([shell('mkdir /w; echo inside > /w/index.html; httpd -p 127.0.0.1:8080 -h /w; nc -ll -p 9090 -e cat')]);
      const open = (port: number, via: 'loopback' | 'address') => provider.network!.connect({ uid: pod.uid, port, via }, never);
      const answers = (port: number, via: 'loopback' | 'address') =>
        open(port, via).then(
          (socket) => socket.destroy().destroyed,
          () => false,
        );
      await expect.poll(() => answers(9090, 'address'), { timeout: 20_000 }).toBe(true);
      for (const via of ['address', 'loopback'] as const) {
        const socket = await open(9090, via);
        const sent = Buffer.alloc(3 * 1024 * 1024, 'x');
        const got = buffer(socket);
        socket.end(sent);
        expect((await got).equals(sent)).toBe(true);
      }
      await expect.poll(() => answers(8080, 'loopback'), { timeout: 20_000 }).toBe(true);
      const page = await open(8080, 'loopback');
      page.write('GET /index.html HTTP/1.0\r\n\r\n');
      expect(await text(page)).toMatch(/^HTTP\/1\.[01] 200 OK[^]*inside\n$/);
      await expect(open(81, 'loopback')).rejects.toThrow(/refused/);
      await expect(open(8080, 'address')).rejects.toThrow(/refused/i);
      await provider.remove(pod.uid, never);
    });

    it('shares volumes, network and hosts file between the containers of a pod, and replaces files in one step', async () => {
      const volumes: readonly VolumeRequest[] = [
        { name: 'disk', kind: 'emptyDir', medium: 'disk', fsGroup: 1234 },
        { name: 'ram', kind: 'emptyDir', medium: 'memory' },
        {
          name: 'conf',
          kind: 'files',
          inMemory: true,
          files: [
            { path: 'a/key', content: Buffer.from('one'), mode: 0o640 },
            { path: 'old', content: Buffer.from('x'), mode: 0o644 },
          ],
        },
      ];
      const mount = (volume: string, mountPath: string, subPath?: string) => ({ volume, mountPath, subPath, readOnly: false });
      const mounts = [mount('disk', '/disk'), mount('ram', '/ram'), mount('conf', '/conf'), mount('disk', '/part', 'x/y')];
      const first = shell(`echo shared > /disk/f; echo ram > /ram/f; ln -s / /disk/out; echo part > /part/p; ${WAITS}`, {
        mounts,
      });
      const pod = await up([first], volumes, { hostAliases: [{ ip: '1.2.3.4', hostnames: ['other'] }], hostname: 'me', dnsPolicy: 'ClusterFirst' });
      const second = shell(WAITS, { name: 'd', mounts: [mount('disk', '/d')] });
      await provider.start({ uid: pod.uid, containers: ['d'], define: () => Promise.resolve([second]) }, never);
      const said = async (script: string) => (await exec(pod.uid, ['sh', '-c', script])).out;
      expect(await said('cat /conf/a/key; stat -c %a /conf/a/key; stat -c %g:%a /disk; hostname; grep -c tmpfs /proc/mounts >/dev/null; cat /disk/x/y/p')).toBe(
        'one640\n1234:2777\nme\npart\n',
      );
      // Folders that a subPath makes have mode and group of their volume; the root of one in memory is sticky.
      expect(await said('stat -c %a:%g /part /disk/x /ram')).toBe('2777:1234\n2777:1234\n1777:0\n');
      expect(await said('cat /etc/hosts')).toContain('1.2.3.4\tother');
      expect(await said('cat /etc/hosts')).toContain('# Kubernetes-managed hosts file.');
      expect(await said('cat /etc/resolv.conf')).toMatch(
        /search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local\nnameserver 10\.0\.0\.10\noptions ndots:5/,
      );
      expect((await exec(pod.uid, ['touch', '/conf/new'])).code).not.toBe(0);
      await provider.volumes!.update(
        { uid: pod.uid, volume: 'conf' },
        [
          { path: 'a/key', content: Buffer.from('two'), mode: 0o644 },
          { path: 'new', content: Buffer.from('n'), mode: 0o600 },
        ],
        never,
      );
      expect(await said('cat /conf/a/key /conf/new; ls /conf')).toBe('twona\nnew\n');
      const escaping = shell(WAITS, { name: 'e', mounts: [mount('disk', '/e', 'out/etc')] });
      await expect(provider.start({ uid: pod.uid, containers: ['e'], define: () => Promise.resolve([escaping]) }, never)).rejects.toThrow(
        /leads out of its volume/,
      );
      await provider.remove(pod.uid, never);
    });

    it('makes the file of its host that is asked for, and leaves one that is there', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'vick-host-files-'));
      await writeFile(join(folder, 'old'), 'before');
      const at = (name: string, file = name): VolumeRequest => ({ name, kind: 'hostPath', path: join(folder, file), type: 'FileOrCreate' });
      const mounts = ['old', 'new'].map((volume) => ({ volume, mountPath: `/${volume}`, subPath: undefined, readOnly: false }));
      const pod = await up([shell('cat /old; stat -c %s-%a-%u /new; echo after > /new', { mounts })], [at('old'), at('new')]);
      await ended(pod.uid);
      expect(await logOf(pod.uid)).toBe('before0-644-0\n');
      expect(await readFile(join(folder, 'new'), 'utf8')).toBe('after\n');
      await mkdir(join(folder, 'folder'));
      // Podman makes the folders that mounts name.
      for (const file of engine.name === 'podman' ? ['folder'] : ['folder', 'no/such']) {
        await expect(up([shell('true')], [at('wrong', file)])).rejects.toMatchObject({ reason: 'CreatePodSandboxError' });
      }
      await provider.remove(pod.uid, never);
      expect(await provider.list(never)).toEqual([]);
      await rm(folder, { recursive: true });
    });

    it('reads termination messages, and the log instead where that is asked for', async () => {
      const file = await up([shell('echo because > /dev/termination-log; exit 2')]);
      expect(await ended(file.uid)).toMatchObject({ exitCode: 2, message: 'because\n' });
      const log = await up([shell('echo last words; exit 2', { terminationMessage: { path: '/dev/termination-log', fallbackToLogsOnError: true } })]);
      expect(await ended(log.uid)).toMatchObject({ message: 'last words\n' });
      await Promise.all([file, log].map(({ uid }) => provider.remove(uid, never)));
    });

    it('leaves files of the pod through the engine where its folders are not at hand', async () => {
      const far = await providerOver(engine, { here: false });
      const pod = podRequest([shell('cat /etc/hosts; echo because > /dev/termination-log; exit 2')]);
      await far.create(pod, never);
      await far.start(startRequest(pod, 'c'), never);
      expect(await ended(pod.uid)).toMatchObject({ exitCode: 2, message: 'because\n' });
      expect(await logOf(pod.uid)).toContain('# Kubernetes-managed hosts file.');
      await far.remove(pod.uid, never);
    });

    it('runs as the user, with the rights and limits that were asked for', async () => {
      const security = {
        runAsUser: 1000,
        runAsGroup: 2000,
        runAsNonRoot: true,
        supplementalGroups: [3000],
        fsGroup: 4000,
        privileged: false,
        readOnlyRootFilesystem: true,
      };
      const more = { allowPrivilegeEscalation: false, addCapabilities: [], dropCapabilities: ['ALL'] };
      const spec = { name: 'c', image: BUSYBOX.image, resources: { limits: { cpu: '500m', memory: '64Mi' } } };
      const pod = await up([shell('id; touch /x; grep -E "NoNewPrivs|CapBnd" /proc/self/status', { security: { ...security, ...more }, spec })]);
      await ended(pod.uid);
      const said = await logOf(pod.uid);
      expect(said).toMatch(/uid=1000(?:\(1000\))? gid=2000(?:\(2000\))? groups=(?=.*2000)(?=.*3000)(?=.*4000)/);
      expect(said).toContain('Read-only file system');
      expect(said).toMatch(/CapBnd:\s+0000000000000000\n/);
      expect(said).toMatch(/NoNewPrivs:\s+1\n/);
      await provider.remove(pod.uid, never);
    });

    it('measures its pods', async () => {
      const pod = await up([shell('while :; do :; done')]);
      const usage = async () => (await provider.stats!.pods(never)).find(({ uid }) => uid === pod.uid)?.containers.find(({ name }) => name === 'c');
      await expect
        .poll(usage, { timeout: 20_000, interval: 500 })
        .toMatchObject({ cpu: { usageNanoCores: expect.any(Number) }, memory: { workingSetBytes: expect.any(Number) } });
      expect((await usage())?.cpu?.usageNanoCores).toBeGreaterThan(1e7);
      await provider.remove(pod.uid, never);
    });
  });
});
