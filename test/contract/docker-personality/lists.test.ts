import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DockerApi } from '../../support/docker-api.ts';
import { startRecordedVch, type RecordedVch } from '../../support/recorded-vch.ts';

const filtered = (filters: object): string => `?filters=${encodeURIComponent(JSON.stringify(filters))}`;

describe('what a VCH has besides containers', () => {
  let vch: RecordedVch;
  let api: DockerApi;
  beforeEach(async () => {
    vch = await startRecordedVch({ simulatedVsphere: false });
    api = new DockerApi(vch.personality.port);
  });
  afterEach(() => vch.stop());

  const container = (name: string, hostConfig: object, more: object = {}): Promise<{ readonly status: number | undefined; readonly json: unknown }> =>
    api.call('POST', `/containers/create?name=${name}`, { Image: 'busybox:latest', HostConfig: hostConfig, Cmd: ['sleep', '1000'], ...more });
  const names = async (path: string): Promise<readonly string[]> => {
    const { json } = await api.call('GET', path);
    const list = Array.isArray(json) ? json : ((json as { Volumes: unknown[] | null }).Volumes ?? []);
    return (list as { Name: string }[]).map(({ Name }) => Name).sort();
  };

  it('lists volumes by name, label, driver and use', async () => {
    await api.call('POST', '/volumes/create', { Name: 'data-1', Driver: 'vsphere', Labels: { tier: 'db' } });
    await api.call('POST', '/volumes/create', { Name: 'data-2', Driver: 'local', DriverOpts: { VOLUMESTORE: 'fast', capacity: '5GB' } });
    await container('user', { Binds: ['data-1:/a', 'made:/b:ro'] });
    expect(await names('/volumes')).toEqual(['data-1', 'data-2', 'made']);
    expect(await names(`/volumes${filtered({ name: ['^data'] })}`)).toEqual(['data-1', 'data-2']);
    expect(await names(`/volumes${filtered({ label: ['tier=db'] })}`)).toEqual(['data-1']);
    expect(await names(`/volumes${filtered({ driver: ['vsphere'] })}`)).toEqual(['data-1', 'data-2', 'made']);
    expect(await names(`/volumes${filtered({ driver: ['local'] })}`)).toEqual([]);
    expect(await names(`/volumes${filtered({ dangling: ['1'] })}`)).toEqual(['data-2']);
    expect(await names(`/volumes${filtered({ dangling: ['false'] })}`)).toEqual(['data-1', 'made']);
    expect((await api.call('GET', `/volumes${filtered({ dangling: ['maybe'] })}`)).json).toEqual({ message: "invalid filter 'dangling=[maybe]'" });
    expect((await api.call('GET', `/volumes${filtered({ nope: ['x'] })}`)).json).toEqual({ message: "Invalid filter 'nope'" });
  });

  it('keeps the metadata of a volume where the port layer’s clients find it', async () => {
    await container('owner', { Binds: ['mine:/a:ro'] });
    const { DockerMetaData } = vch.portLayer.state.volumes.find('mine')?.metadata ?? {};
    expect(JSON.parse(DockerMetaData ?? '')).toEqual({
      Driver: 'vsphere',
      DriverOpts: { flags: 'ro', container: 'owner', image: 'busybox:latest' },
      Name: 'mine',
      Labels: null,
      AttachHistory: ['owner'],
      Image: 'busybox:latest',
    });
  });

  it('has one volume without its metadata break the list for everybody', async () => {
    const body = JSON.stringify({ Name: 'bare', Driver: 'vsphere', Store: 'default', Capacity: 1 });
    const made = await fetch(`http://127.0.0.1:${vch.portLayer.port}/storage/volumes`, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json' },
    });
    expect(made.status).toBe(201);
    const broken = { status: 500, json: { message: 'error unmarshalling docker metadata: metadata DockerMetaData missing' } };
    expect(await api.call('GET', '/volumes')).toMatchObject(broken);
    expect(await api.call('GET', '/volumes/bare')).toMatchObject(broken);
    expect((await api.call('DELETE', '/volumes/bare')).status).toBe(204);
    expect((await api.call('GET', '/volumes')).status).toBe(200);
  });

  it('makes volumes for paths that no bind is for, and removes with a container what no other one has', async () => {
    await container('one', { Binds: ['shared:/a', 'own:/b'] }, { Volumes: { '/a': {}, '/c': {} } });
    await container('two', { Binds: ['shared:/a'] });
    expect(await names('/volumes')).toHaveLength(3);
    expect((await api.call('DELETE', '/containers/one?v=1')).status).toBe(204);
    expect(await names('/volumes')).toEqual(['shared']);
  });

  it.each([
    [{ Name: 'v', Driver: 'vsphere', DriverOpts: { Capacity: '512KB' } }, 'Capacity in body is required'],
    [{ Name: 'v', Driver: 'vsphere', DriverOpts: { capacity: '-1' } }, 'bad driver value - Invalid size: -1'],
    [{ Name: '.v', Driver: 'vsphere' }, 'volume name ".v" includes invalid characters, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed'],
    [{ Name: 5, Driver: 'vsphere' }, 'json: cannot unmarshal number into Go struct field VolumesCreateBody.Name of type string'],
  ])('refuses the volume %j', async (body, message) => {
    expect(await api.call('POST', '/volumes/create', body)).toMatchObject({ status: 500, json: { message } });
  });

  it('cannot make volumes for a container without a default store', async () => {
    const other = await startRecordedVch({ volumeStores: [] });
    try {
      const there = new DockerApi(other.personality.port);
      const made = await there.call('POST', '/containers/create', { Image: 'busybox:latest', HostConfig: { Binds: ['v:/v'] }, Cmd: ['true'] });
      expect(made).toMatchObject({ status: 500, json: { message: 'No volume store named (default) exists' } });
    } finally {
      await other.stop();
    }
  });

  it('has networks, which are the scopes of the port layer', async () => {
    const { json } = await api.call('POST', '/networks/create', {
      ...{ Name: 'back', Driver: 'bridge', Internal: true, Labels: { tier: 'db' } },
      IPAM: { Config: [{ Subnet: '10.7.0.0/24', Gateway: '10.7.0.254', IPRange: '10.7.0.128/25' }] },
    });
    const { Id: id } = json as { Id: string };
    expect(await names('/networks')).toEqual(['back', 'bridge', 'public']);
    expect(await names(`/networks${filtered({ driver: ['external'] })}`)).toEqual(['public']);
    expect(await names(`/networks${filtered({ type: ['custom'] })}`)).toEqual(['back', 'public']);
    expect(await names(`/networks${filtered({ label: ['tier'] })}`)).toEqual(['back']);
    await container('member', { NetworkMode: 'back' });
    await api.call('POST', '/containers/member/start');
    expect((await api.call('GET', `/networks/${id.slice(0, 10)}`)).json).toMatchObject({
      ...{ Name: 'back', Id: id, Scope: '', Driver: 'bridge', EnableIPv6: false, Internal: true, Attachable: false, Options: {}, Labels: { tier: 'db' } },
      IPAM: { Driver: '', Options: {}, Config: [{ Subnet: '10.7.0.0/24', IPRange: '10.7.0.128/25', Gateway: '10.7.0.254' }] },
      Containers: {
        [vch.portLayer.state.containers.list()[0]?.id ?? '']: {
          Name: 'member',
          MacAddress: '',
          IPv4Address: expect.stringMatching(/^10\.7\.0\.\d+\/24$/) as string,
        },
      },
    });
    expect(await api.call('DELETE', '/networks/back')).toMatchObject({ status: 500, json: { message: 'back has active endpoints' } });
    await api.call('DELETE', '/containers/member?force=1');
    expect((await api.call('DELETE', '/networks/back')).status).toBe(204);
  });

  it.each([
    ['GET', '/networks/none', undefined, 404, 'network none not found'],
    ['DELETE', '/networks/none', undefined, 404, 'network none not found'],
    ['DELETE', '/networks/bridge', undefined, 500, 'cannot remove builtin scope'],
    ['POST', '/networks/create', { Name: 'bridge' }, 409, 'vicnetwork bridge already exists'],
    ['POST', '/networks/create', { Name: 'o', Driver: 'overlay' }, 500, 'scope type not supported'],
    ['POST', '/networks/create', { Name: 'o', Driver: 'external' }, 500, 'cannot create external networks'],
    ['POST', '/networks/create', { Name: 'o', IPAM: { Config: [{}, {}] } }, 500, 'at most one ipam config supported'],
    ['POST', '/networks/bridge/connect', { Container: 'none' }, 500, 'container none not found'],
    ['POST', '/networks/bridge/disconnect', { Container: 'none' }, 500, 'vSphere Integrated Containers does not yet implement DisconnectContainerFromNetwork'],
    ['GET', `/networks${filtered({ type: ['x'] })}`, undefined, 500, "Invalid filter: 'type'='x'"],
  ])('%s %s %j is refused', async (method, path, body, status, message) => {
    expect(await api.call(method, path, body)).toMatchObject({ status, json: { message } });
  });

  it('connects a container that does not run, and leaves one that does as it is', async () => {
    await api.call('POST', '/networks/create', { Name: 'side' });
    await container('joiner', {});
    const joined = async (): Promise<readonly string[]> => {
      const { json } = await api.call('GET', '/containers/joiner/json');
      return Object.keys((json as { NetworkSettings: { Networks: object } }).NetworkSettings.Networks);
    };
    expect(await api.call('POST', '/networks/none/connect', { Container: 'joiner' })).toMatchObject({ status: 500, json: { message: 'scope none not found' } });
    expect((await api.call('POST', '/networks/side/connect', { Container: 'joiner' })).status).toBe(200);
    expect(await joined()).toEqual(['bridge', 'side']);
    await api.call('POST', '/containers/joiner/start');
    expect((await api.call('POST', '/networks/public/connect', { Container: 'joiner' })).status).toBe(200);
    expect(await joined()).toEqual(['bridge', 'side']);
  });

  it('takes the network of a container from its settings, whatever its mode says', async () => {
    const settings = { Aliases: ['web'], Links: ['db:store'], IPAMConfig: { IPv4Address: '10.118.0.77' } };
    await container('chosen', { NetworkMode: 'default' }, { NetworkingConfig: { EndpointsConfig: { public: settings } } });
    const vm = vch.portLayer.state.containers.list()[0];
    expect(vm?.config.endpoints).toEqual([{ scope: 'public', ports: [], aliases: ['db:store', ':web'], address: '10.118.0.77' }]);
  });

  it('removes a container that asked for it, once it has ended, and tells of all of it', async () => {
    const { json } = await api.call('POST', '/containers/create?name=brief', {
      ...{ Image: 'busybox:latest', Cmd: ['sh', '-c', 'sleep 0.1; exit 5'], Labels: { tier: 'db' } },
      HostConfig: { AutoRemove: true, Binds: ['scratch:/s'] },
    });
    const { Id: id } = json as { Id: string };
    await api.call('POST', '/containers/brief/start');
    await expect.poll(async () => (await api.call('GET', '/containers/brief/json')).status).toBe(404);
    await expect.poll(() => names('/volumes')).toEqual([]);
    const until = String(Math.floor(Date.now() / 1000) + 1);
    const { text } = await api.call('GET', `/events?since=1&until=${until}&filters=${encodeURIComponent(JSON.stringify({ container: [id] }))}`);
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Action: string; Actor: { Attributes: object } });
    expect(events.map(({ Action }) => Action)).toEqual(['create', 'start', 'die', 'stop', 'destroy']);
    expect(events[2]?.Actor.Attributes).toEqual({ exitCode: '5', image: 'busybox:latest', name: 'brief', tier: 'db' });
  });

  it('tells of containers that were made without it', async () => {
    await container('quiet', {});
    const vm = vch.portLayer.state.containers.list()[0];
    await api.call('POST', '/containers/quiet/start');
    await vm?.cut();
    await vch.portLayer.state.containers.remove(vm?.id ?? '');
    const until = String(Math.floor(Date.now() / 1000) + 1);
    const { text } = await api.call('GET', `/events?since=1&until=${until}&filters=${encodeURIComponent(JSON.stringify({ event: ['die', 'destroy'] }))}`);
    expect(text.trim().split('\n')).toHaveLength(2);
  });

  it('lists containers by their names, ends, ages, networks and volumes', async () => {
    const shown = async (filters: object, more = 'all=1'): Promise<readonly string[]> => {
      const { json } = await api.call('GET', `/containers/json${filtered(filters)}&${more}`);
      return ((json as { Names: string[] }[] | null) ?? []).flatMap(({ Names }) => Names);
    };
    await container('first', {}, { Cmd: ['sh', '-c', 'exit 4'] });
    await api.call('POST', '/containers/first/start');
    await container('second', { Binds: ['v:/v'] });
    await container('third', { NetworkMode: 'public' });
    await expect.poll(() => shown({ exited: ['4'] })).toEqual(['/first']);
    expect(await shown({ name: ['ir'] })).toEqual(['/third', '/first']);
    expect(await shown({ name: ['^t.*d$'] })).toEqual(['/third']);
    expect(await shown({ status: ['created'] }, 'all=0')).toEqual(['/third', '/second']);
    expect(await shown({ before: ['third'] })).toEqual(['/second', '/first']);
    expect(await shown({ since: ['first'], before: ['third'] })).toEqual(['/second']);
    expect(await shown({ network: ['public'] })).toEqual(['/third']);
    expect(await shown({ volume: ['v', 'w'] })).toEqual(['/second']);
    expect(await shown({}, 'limit=2')).toEqual(['/third', '/second']);
  });

  it.each([
    ['', { ancestor: ['busybox'] }, 500, 'filter ancestor is not currently supported by vic'],
    ['', { exited: ['x'] }, 500, 'strconv.Atoi: parsing "x": invalid syntax'],
    ['', { status: ['Starting'] }, 500, 'Unrecognised filter value for status: Starting'],
    ['', { since: ['none'] }, 404, 'No such container: none'],
    ['&limit=x', {}, 500, 'strconv.Atoi: parsing "x": invalid syntax'],
  ])('cannot list containers by %s%j', async (more, filters, status, message) => {
    expect(await api.call('GET', `/containers/json${filtered(filters)}${more}`)).toMatchObject({ status, json: { message } });
  });

  it('deletes an image by its id only when it has one tag, or by force', async () => {
    await api.call('POST', '/images/busybox:latest/tag?repo=mine&tag=x');
    const { json } = await api.call('GET', '/images/busybox:latest/json');
    const id = (json as { Id: string }).Id.replace('sha256:', '');
    const why = `conflict: unable to delete ${id.slice(0, 12)} (must be forced) - image is referenced in one or more repositories`;
    expect(await api.call('DELETE', `/images/${id}`)).toMatchObject({ status: 409, json: { message: why } });
    expect((await api.call('DELETE', `/images/${id}?force=1`)).status).toBe(200);
    expect((await api.call('GET', '/images/mine:x/json')).status).toBe(404);
  });
});
