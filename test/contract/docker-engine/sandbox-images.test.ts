/** Pulls through the personality of a sandbox VCH whose images are those of a real engine, from real registries. */
import Dockerode from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/platform/log.ts';
import { systemClock } from '../../../src/platform/node/clock.ts';
import { parseImageCache, findImage } from '../../../src/providers/vic/images/image-cache.ts';
import { createDockerEngine } from '../../../src/sandbox/engines/docker.ts';
import { importBusybox } from '../../support/engines/busybox-image.ts';
import { clientOf, isUnavailable, type TestEngine } from '../../support/engines/engine.ts';
import { startRegistry, type TestRegistry } from '../../support/engines/registry.ts';
import { startSandboxVch, type SandboxVch } from '../../support/sandbox-vch.ts';
import { never, overEngines } from './world.ts';

const USER = { username: 'somebody', password: 'a secret: of "theirs"' };

await overEngines('pulls of a sandbox VCH', (real) => {
  describe(`pulls of a sandbox VCH over ${real.name}`, () => pulls(real));
});

function pulls(real: TestEngine): void {
  const client = clientOf(real);
  let vch: SandboxVch;
  let open: TestRegistry;
  let closed: TestRegistry;
  let lacking: string | undefined;

  beforeAll(async () => {
    const holder = (): Promise<never> => Promise.reject(new Error('no machine is switched on here'));
    vch = await startSandboxVch({ engine: createDockerEngine({ engine: client, site: 'images', holder, clock: systemClock, log: silentLog }) });
    const found = await Promise.all([startRegistry(), startRegistry(USER)]);
    for (const one of found) if (isUnavailable(one)) lacking = one.unavailable;
    const [one, other] = found;
    if (isUnavailable(one) || isUnavailable(other)) return;
    [open, closed] = [one, other];
    const docker = new Dockerode({ socketPath: real.socketPath });
    for (const { host } of [open, closed]) {
      // One of its own in each registry: an engine that has pushed an image twice knows it by both digests.
      await importBusybox(client, { repository: `${host}/team/app`, tag: 'v1' });
      const stream = await docker.getImage(`${host}/team/app`).push({ tag: 'v1', authconfig: { ...USER, serveraddress: host } });
      let said = '';
      for await (const chunk of stream) said += String(chunk);
      if (said.includes('"error')) throw new Error(said);
      await docker.getImage(`${host}/team/app:v1`).remove({ force: true });
    }
  });
  afterAll(async () => {
    await vch.close();
    client.close();
    for (const registry of [open, closed] as readonly (TestRegistry | undefined)[]) await registry?.close();
    await real.close();
  });

  const cache = async () => parseImageCache(await vch.portLayer.getValue('docker.images', never), await vch.portLayer.getValue('docker.repositories', never));
  const failure = (work: Promise<unknown>): Promise<string> => work.then(() => 'no failure', String);

  it('brings the image, and records its configuration, digest and size where the real personality does', async (context) => {
    if (lacking !== undefined) return context.skip(lacking);
    const lines: string[] = [];
    const name = `${open.host}/team/app`;
    const result = await vch.engine.pull({ repository: name, tag: 'v1', onProgress: ({ status }) => lines.push(status) }, never);
    expect(result.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(result.status).toBe('Downloaded newer image for team/app:v1');
    expect(lines[0]).toBe('v1: Pulling from team/app');
    const own = await client.inspectImage(`${name}:v1`, never);
    expect(findImage(await cache(), `${name}:v1`)).toEqual({
      layerId: own?.Id.replace('sha256:', ''),
      imageId: own?.Id.replace('sha256:', ''),
      repoName: 'team/app',
      repoDigests: [`${name}@${result.digest ?? ''}`],
      repoTags: [`${name}:v1`],
      sizeBytes: own?.Size,
      config: { entrypoint: [], command: ['sh'], env: ['PATH=/bin'], user: '', workingDir: expect.stringMatching(/^\/?$/), stopSignal: '' },
    });
    expect((await vch.engine.pull({ repository: name, tag: 'v1' }, never)).status).toBe('Image is up to date for team/app:v1');
    const byDigest = await vch.engine.pull({ repository: name, tag: result.digest ?? '' }, never);
    expect(byDigest.digest).toBe(result.digest);
    expect(findImage(await cache(), `${name}@${result.digest ?? ''}`)?.imageId).toBe(own?.Id.replace('sha256:', ''));
  });

  it('takes credentials along, and tells without them why there is nothing', async (context) => {
    if (lacking !== undefined) return context.skip(lacking);
    const wanted = { repository: `${closed.host}/team/app`, tag: 'v1' };
    for (const credentials of [undefined, { ...USER, password: 'wrong', serverAddress: closed.host }]) {
      const said = await failure(vch.engine.pull({ ...wanted, ...(credentials === undefined ? {} : { credentials }) }, never));
      expect(said).toMatch(/unauthorized|no basic auth credentials|authentication required/i);
      expect(said).not.toContain('wrong');
    }
    expect(findImage(await cache(), `${closed.host}/team/app:v1`)).toBeUndefined();
    expect((await vch.engine.pull({ ...wanted, credentials: { ...USER, serverAddress: closed.host } }, never)).digest).toMatch(/^sha256:/);
  });

  it('tells of an image that the registry does not have inside the stream, and of a silent registry before it', async (context) => {
    if (lacking !== undefined) return context.skip(lacking);
    expect(await failure(vch.engine.pull({ repository: `${open.host}/team/none`, tag: 'v1' }, never))).toMatch(/unknown|not found/);
    expect(await failure(vch.engine.pull({ repository: '127.0.0.1:9/team/app', tag: 'v1' }, never))).toMatch(/refused.*HTTP 500/s);
  });
}
