import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DockerApi } from '../../support/docker-api.ts';
import { startRecordedVch, type RecordedVch } from '../../support/recorded-vch.ts';

describe('operating containers through the Docker API', () => {
  let vch: RecordedVch;
  let api: DockerApi;
  beforeAll(async () => {
    vch = await startRecordedVch({ simulatedVsphere: false, hurried: [180_000] });
    api = new DockerApi(vch.personality.port);
  });
  afterAll(() => vch.stop());

  const create = (name: string, cmd: readonly string[], hostConfig: object = {}): Promise<{ readonly json: unknown }> =>
    api.call('POST', `/containers/create?name=${name}`, { Image: 'busybox:latest', HostConfig: hostConfig, Cmd: cmd });
  const state = async (name: string): Promise<object> => ((await api.call('GET', `/containers/${name}/json`)).json as { State: object }).State;
  const shown = async (name: string): Promise<string | undefined> =>
    ((await api.call('GET', '/containers/json?all=1')).json as { Names: string[]; Status: string }[]).find(({ Names }) => Names.includes(`/${name}`))?.Status;

  it('shows a program that could not be launched as ended, without a time or a code', async () => {
    await create('broken', ['/does/not/exist']);
    const why = 'Server error from portlayer: no such file or directory';
    expect(await api.call('POST', '/containers/broken/start')).toMatchObject({ status: 500, json: { message: why } });
    expect(await state('broken')).toMatchObject({
      Status: 'exited',
      ExitCode: 0,
      FinishedAt: '',
      StartedAt: expect.stringMatching(/^\d{4}-.*:\d\dZ$/) as string,
    });
    expect(await shown('broken')).toBe('Stopped');
    expect(await api.call('POST', '/containers/broken/restart')).toMatchObject({
      status: 500,
      json: { message: `Server error from portlayer: Start failed with: ${why}` },
    });
    expect((await api.call('POST', '/containers/broken/wait')).json).toEqual({ StatusCode: 0 });
  });

  it('tells the usual code of what was cut off', async () => {
    await create('cut', ['sleep', '1000']);
    await api.call('POST', '/containers/cut/start');
    await vch.portLayer.state.containers
      .list()
      .find(({ config }) => config.name === 'cut')
      ?.cut();
    expect(await state('cut')).toMatchObject({ Status: 'exited', ExitCode: 137 });
    expect((await api.call('POST', '/containers/cut/wait')).json).toEqual({ StatusCode: 137 });
    expect(await shown('cut')).toMatch(/^Exited \(137\) .* ago$/);
  });

  it('waits for a container that is yet to be started, but not for ever', async () => {
    const { json } = await create('later', ['true']);
    const { Id: id } = json as { Id: string };
    const waiting = api.call('POST', '/containers/later/wait');
    expect((await api.call('GET', '/containers/later/json')).status).toBe(200);
    await api.call('POST', '/containers/later/start');
    expect((await waiting).json).toEqual({ StatusCode: 0 });
    await create('never', ['true']);
    const { status, json: refused } = await api.call('POST', '/containers/never/wait');
    expect({ status, refused }).toEqual({
      status: 500,
      refused: {
        message: expect.stringMatching(/^Server error from portlayer: ContainerWaitHandler\([0-9a-f]{64}\) Error: context deadline exceeded$/) as string,
      },
    });
    expect(id).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['POST', '/containers/none/rename?name=', 500, 'neither old nor new names may be empty'],
    ['POST', '/containers/none/rename?name=x', 500, 'invalid container name (x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed'],
    ['POST', '/containers/same/rename?name=same', 500, 'renaming a container with the same name as its current name'],
    ['POST', '/containers/none/stop?t=x', 500, 'strconv.Atoi: parsing "x": invalid syntax'],
    ['POST', '/containers/same/kill?signal=', 500, expect.stringMatching(/^Cannot kill container same: [0-9a-f]{64} is not running$/) as string],
    ['POST', '/containers/same/resize?h=1', 500, 'strconv.Atoi: parsing "": invalid syntax'],
  ])('%s %s is refused', async (method, path, status, message) => {
    await create('same', ['true']);
    expect(await api.call(method, path)).toMatchObject({ status, json: { message } });
  });

  it('shows an image by its name, or by its id where nothing is known by that name', async () => {
    const image = async (name: string): Promise<string | undefined> =>
      ((await api.call('GET', '/containers/json?all=1')).json as { Names: string[]; Image: string }[]).find(({ Names }) => Names.includes(`/${name}`))?.Image;
    await create('tagged', ['true']);
    await api.call('POST', '/containers/create?name=untagged', { Image: 'busybox', HostConfig: {}, Cmd: ['true'] });
    expect(await image('tagged')).toBe('busybox:latest');
    expect(await image('untagged')).toBe('edb7206e07d7');
    expect((await api.call('GET', '/containers/untagged/json')).json).toMatchObject({ Config: { Image: 'busybox' } });
  });

  it('misses the start of what is removed at once, where VMs take no time to end', async () => {
    const simulated = await startRecordedVch();
    try {
      const there = new DockerApi(simulated.personality.port);
      const made = await there.call('POST', '/containers/create?name=brief', { Image: 'busybox:latest', HostConfig: { AutoRemove: true }, Cmd: ['true'] });
      expect(made.status).toBe(201);
      expect(await there.call('POST', '/containers/brief/start')).toMatchObject({
        status: 500,
        json: { message: expect.stringMatching(/ManagedObjectNotFound$/) as string },
      });
      expect((await there.call('GET', '/containers/brief/json')).status).toBe(404);
    } finally {
      await simulated.stop();
    }
  });
});
