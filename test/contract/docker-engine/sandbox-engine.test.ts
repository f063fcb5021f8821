/** The sandbox's engine of real containers: machines, tasks, commands, images, and what is left of them. */
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/platform/log.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { detectEngine } from '../../../src/providers/docker/engine-kind.ts';
import { ensureSandboxImage, SANDBOX_COMMAND } from '../../../src/providers/docker/sandbox-image.ts';
import { createDockerEngine } from '../../../src/sandbox/engines/docker.ts';
import type { HolderImage } from '../../../src/sandbox/engines/docker-machine.ts';
import { MACHINE_LABEL, SITE_LABEL, sweepContainers } from '../../../src/sandbox/engines/docker-labels.ts';
import { isLaunchError, isPullError, type Engine, type EngineTask, type LaunchRequest, type Machine } from '../../../src/sandbox/engines/port.ts';
import { BUSYBOX } from '../../support/engines/busybox-image.ts';
import { clientOf } from '../../support/engines/engine.ts';
import { startRegistry } from '../../support/engines/registry.ts';
import { isUnavailable } from '../../support/engines/engine.ts';
import { never, overEngines } from './world.ts';

const NAME = { repository: 'busybox', tag: 'vick' };
const SITE = 'tests';

await overEngines('the engine of the sandbox', (real) => {
  describe(`the sandbox's machines over ${real.name}`, () => {
    const client = clientOf(real);
    let engine: Engine;
    let image = '';
    let machine: Machine;
    let machines = 0;

    const engineFor = (site: string): Engine => {
      const holder = async (signal: AbortSignal): Promise<HolderImage> => {
        const facts = await detectEngine(client, signal);
        return { image: await ensureSandboxImage(client, facts, signal), program: SANDBOX_COMMAND, namesEach: facts.kind === 'podman' };
      };
      return createDockerEngine({ engine: client, site, holder, clock: systemClock, log: silentLog });
    };
    const open = (more: { readonly hostname?: string } = {}): Machine => {
      machines += 1;
      return engine.openMachine({ id: `${String(machines).padStart(4, '0')}${'a'.repeat(60)}`, directory: '/nowhere', ...more });
    };
    const launch = (path: string, args: readonly string[], more: Partial<LaunchRequest> = {}): Promise<EngineTask> =>
      machine.launch({
        ...{ id: `task${String(Math.trunc(performance.now() * 1000))}`, path, args, env: ['PATH=/bin'], workingDir: '', user: '' },
        ...{ tty: false, openStdin: false, image, ...more },
      });
    const sh = (script: string, more: Partial<LaunchRequest> = {}): Promise<EngineTask> => launch('/bin/sh', ['-c', script], more);
    const end = async ({ stdout, stderr, exited }: EngineTask) => {
      const [out, err, code] = await Promise.all([text(stdout), text(stderr), exited]);
      return { out, err, code };
    };
    const left = async (label: string): Promise<number> => (await client.listContainers({ label: [label] }, never)).length;
    const refusal = async (launching: Promise<EngineTask>): Promise<string> => {
      const error: unknown = await launching.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      return isLaunchError(error) ? error.message : `not refused: ${String(error)}`;
    };

    beforeAll(async () => {
      engine = engineFor(SITE);
      image = (await client.inspectImage(BUSYBOX.image, never))!.Id.replace('sha256:', '');
      machine = open();
    });
    afterEach(async () => {
      await machine.destroy();
      expect(await left(SITE_LABEL)).toBe(0);
      machine = open();
    });
    afterAll(async () => {
      client.close();
      await real.close();
    });

    it('runs a program of the image, with both outputs from the first byte and its exit code', async () => {
      expect(await end(await sh('echo out; echo err >&2; exit 3'))).toEqual({ out: 'out\n', err: 'err\n', code: 3 });
      expect(await end(await sh('yes 0123456789 | head -c 300000'))).toMatchObject({ out: expect.toSatisfy((all: string) => all.length === 300_000), code: 0 });
    });

    it('gives it environment, folder and user; a name is looked up along its own PATH', async () => {
      const more = { env: ['PATH=/bin', 'MODE=a b'], workingDir: '/work/here', user: '1234:5678' };
      expect(await end(await launch('sh', ['-c', 'echo "$MODE"; pwd; id -u; id -g'], more))).toMatchObject({ out: 'a b\n/work/here\n1234\n5678\n' });
    });

    it('feeds it until its input ends; without input there is none', async () => {
      const task = await launch('cat', [], { openStdin: true });
      task.stdin?.write('one ');
      task.stdin?.end('two');
      expect(await end(task)).toEqual({ out: 'one two', err: '', code: 0 });
      const without = await launch('cat', []);
      expect(without.stdin).toBeUndefined();
      expect(await end(without)).toMatchObject({ out: '', code: 0 });
    });

    it('gives a terminal where one is wanted, which has one output', async () => {
      expect(await end(await sh('test -t 1 && echo terminal; echo err >&2', { tty: true }))).toEqual({ out: 'terminal\r\nerr\r\n', err: '', code: 0 });
    });

    it('signals it, and counts 128 and the number when it ends by that', async () => {
      const deaf = await sh("trap 'echo no' TERM; echo up; while true; do sleep 0.05; done");
      let said = '';
      deaf.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await expect.poll(() => said, { timeout: 20_000 }).toBe('up\n');
      expect(deaf.signal(15)).toBe(true);
      await expect.poll(() => said, { timeout: 20_000 }).toBe('up\nno\n');
      expect(deaf.signal(9)).toBe(true);
      expect(await deaf.exited).toBe(137);
      expect(deaf.signal(9)).toBe(false);
    });

    it.each([
      ['/no/such', 'no such file or directory'],
      ['nothing', 'exec: "nothing": executable file not found in $PATH'],
      ['/etc/passwd', 'permission denied'],
    ])('says of %s what the guest agent would say, and leaves no container of it', async (path, message) => {
      expect(await refusal(launch(path, []))).toBe(message);
      const running = await sh('sleep 1000');
      expect(await refusal(launch(path, [], { joins: true }))).toBe(message);
      // The one that runs, and what holds the machine.
      expect(await left(SITE_LABEL)).toBe(2);
      running.signal(9);
      await running.exited;
    });

    it('refuses an image that the engine does not have', async () => {
      expect(await refusal(launch('/bin/sh', [], { image: 'f'.repeat(64) }))).toMatch(/no such image|image not known/i);
      expect(await refusal(launch('/bin/sh', [], { image: '' }))).toBe('no such file or directory');
    });

    it('lets tasks of a machine meet at its address, which leads there from here, too', async () => {
      machine = open({ hostname: 'my-pod' });
      const address = await machine.boot?.([]);
      expect(address).toMatch(/^10\./);
      const server = await sh('mkdir /w; hostname > /w/index.html; echo up; exec httpd -f -p 8080 -h /w');
      await new Promise((resolve) => server.stdout.once('data', resolve));
      const reach = 'until wget -q -O - http://127.0.0.1:8080/; do sleep 0.1; done; ps | grep -c "[h]ttpd -f"';
      expect(await end(await sh(reach))).toMatchObject({ out: 'my-pod\n1\n', code: 0 });
      expect(await (await fetch(`http://${address ?? ''}:8080/`)).text()).toBe('my-pod\n');
    });

    it('runs a command among the files of the task of its image', async () => {
      const task = await sh('echo kept > /tmp/file; echo up; sleep 1000');
      await new Promise((resolve) => task.stdout.once('data', resolve));
      const joins = { joins: true, env: ['PATH=/bin', 'A=b'], workingDir: '/tmp', user: '65534' };
      expect(await end(await sh('cat file; echo $A; id -u >&2; exit 7', joins))).toEqual({ out: 'kept\nb\n', err: '65534\n', code: 7 });
      // Codes that engines also give for what they cannot launch.
      expect(await end(await sh('echo mine; exit 127', joins))).toEqual({ out: 'mine\n', err: '', code: 127 });
      expect(await end(await sh('test -t 0 && echo tty', { joins: true, tty: true }))).toMatchObject({ out: 'tty\r\n' });
      const cat = await launch('cat', [], { joins: true, openStdin: true });
      cat.stdin?.end('through');
      expect(await end(cat)).toMatchObject({ out: 'through', code: 0 });
    });

    it('ends a command by a signal, and all that it started', async () => {
      const task = await sh('echo up; sleep 1000');
      await new Promise((resolve) => task.stdout.once('data', resolve));
      const command = await sh('sleep 2000 & echo up; wait', { joins: true });
      await new Promise((resolve) => command.stdout.once('data', resolve));
      expect(command.signal(9)).toBe(true);
      expect(await command.exited).toBe(137);
      expect((await end(await sh('ps | grep -c "[s]leep 2000"', { joins: true }))).out).toBe('0\n');
    });

    it('tells what it uses', async () => {
      const task = await sh('echo up; while true; do :; done');
      await new Promise((resolve) => task.stdout.once('data', resolve));
      await expect.poll(async () => (await machine.usage())?.cpuSeconds, { timeout: 20_000 }).toBeGreaterThan(0.1);
      expect(await machine.usage()).toMatchObject({ residentBytes: expect.any(Number), processes: expect.toSatisfy((count: number) => count >= 1) });
    });

    it('is gone with everything when it is destroyed, also while something starts, and once more', async () => {
      const task = await sh('echo up; sleep 1000');
      const late = refusal(sh('sleep 1000'));
      await machine.destroy();
      expect(await task.exited).toBe(137);
      expect(await late).toBe('container VM has unexpectedly powered off');
      expect(await left(SITE_LABEL)).toBe(0);
      await machine.destroy();
      expect(await refusal(sh('true'))).toBe('container VM has unexpectedly powered off');
    });

    it('outlasts a restart of its engine', async () => {
      const task = await sh('sleep 1000');
      await real.stop();
      const destroyed = machine.destroy();
      await real.start();
      await destroyed;
      expect([137, 143]).toContain(await task.exited);
      expect(await left(SITE_LABEL)).toBe(0);
      machine = open();
      expect(await end(await sh('echo again'))).toMatchObject({ out: 'again\n', code: 0 });
    });

    it('clears what another life of the same sandbox has left, and nothing of others', async () => {
      await sh('sleep 1000');
      const other = engineFor('other').openMachine({ id: 'b'.repeat(64), directory: '/nowhere' });
      await other.boot?.([]);
      expect(await sweepContainers(client, SITE, never)).toBe(2);
      expect([await left(`${SITE_LABEL}=${SITE}`), await left(`${MACHINE_LABEL}=${'b'.repeat(64)}`)]).toEqual([0, 1]);
      await other.destroy();
    });

    it('takes an image that was never in a registry as it is, with its configuration', async () => {
      const found = await engine.images?.pull({ ...NAME, login: undefined, onProgress: () => undefined }, never).catch((error: unknown) => error);
      if (real.name === 'docker') expect(found).toMatchObject({ id: image, digest: undefined, os: 'linux', config: { Cmd: ['sh'], Env: ['PATH=/bin'] } });
      else expect(isPullError(found) || typeof found === 'object').toBe(true);
    });

    it('says of a registry that it does not answer', async () => {
      const pull = engine.images?.pull({ repository: '127.0.0.1:9/team/app', tag: 'v1', login: undefined, onProgress: () => undefined }, never);
      const error: unknown = await pull?.catch((reason: unknown) => reason);
      expect(isPullError(error) && { missing: error.missing, text: error.message }).toMatchObject({ missing: false, text: expect.stringMatching(/refused/) });
    });

    it('says of a registry that it has no such image', async () => {
      const registry = await startRegistry();
      if (isUnavailable(registry)) return;
      try {
        const pull = engine.images?.pull({ repository: `${registry.host}/team/app`, tag: 'v1', login: undefined, onProgress: () => undefined }, never);
        const error: unknown = await pull?.catch((reason: unknown) => reason);
        expect(isPullError(error) && { missing: error.missing, text: error.message }).toMatchObject({
          missing: true,
          text: expect.stringMatching(/unknown|not found/),
        });
      } finally {
        await registry.close();
      }
    });
  });
});
