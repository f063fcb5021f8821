import { describe, expect, it } from 'vitest';
import type { ApiRequest, KubernetesApi } from '../../../../src/clients/kubernetes/port.ts';
import { VickError } from '../../../../src/errors/vick-error.ts';
import { drain, planDrain, type DrainOptions } from '../../../../src/operations/vch/drain.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const OPTIONS: DrainOptions = {
  force: false,
  deleteEmptydirData: false,
  ignoreDaemonsets: true,
  disableEviction: false,
  gracePeriod: undefined,
  timeoutMs: 60_000,
};
const signal = new AbortController().signal;
const refuse = (httpStatus: number, message: string): never => {
  throw new VickError(httpStatus === 404 ? 'KUBE_NOT_FOUND' : 'KUBE_API', message, { details: { httpStatus } });
};

/** An API server that answers by `METHOD path`; what is not foreseen fails the test. */
function server(answers: Readonly<Record<string, (request: ApiRequest, times: number) => unknown>>): { api: KubernetesApi; asked: string[] } {
  const asked: string[] = [];
  const request = (one: ApiRequest): Promise<never> => {
    const key = `${one.method} ${one.path}`;
    asked.push(key);
    const answer = answers[key];
    if (answer === undefined) throw new Error(`unexpected ${key}`);
    return new Promise((resolve) => resolve(answer(one, asked.filter((other) => other === key).length) as never));
  };
  return { api: { server: 'https://k8s', request, close: () => Promise.resolve() } as unknown as KubernetesApi, asked };
}

const DISCOVERY = { 'GET /api/v1': () => ({ resources: [{ name: 'pods/eviction', group: 'policy', version: 'v1' }] }) };
const POD = '/api/v1/namespaces/default/pods/web';
const ref = { namespace: 'default', name: 'web', uid: 'u1' };

describe('planDrain', () => {
  const owned = (kind: string) => [{ kind, controller: true }];
  const pod = (name: string, ownerReferences?: unknown, more: object = {}) => ({
    metadata: { name, namespace: 'default', ownerReferences, ...more },
    spec: {},
    status: { phase: 'Running' },
  });
  const items = [
    pod('replica', owned('ReplicaSet')),
    pod('bare'),
    pod('daemon', owned('DaemonSet')),
    pod('static', undefined, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
    { ...pod('scratch', owned('ReplicaSet')), spec: { volumes: [{ name: 'tmp', emptyDir: {} }] } },
    { ...pod('done'), status: { phase: 'Succeeded' } },
  ];
  const plan = (options: Partial<DrainOptions>) =>
    planDrain(server({ 'GET /api/v1/pods': () => ({ items }) }).api, 'kubelet-web', { ...OPTIONS, ...options }, signal);

  it('evicts what a controller makes again, and names the rest with its flag', async () => {
    const { evict, refused } = await plan({});
    expect(evict.map(({ name }) => name)).toEqual(['replica', 'bare', 'scratch']);
    expect(refused.map(({ flag, pods }) => [flag, pods.map(({ name }) => name)])).toEqual([
      ['--force', ['bare']],
      ['--delete-emptydir-data', ['scratch']],
    ]);
  });

  it('lets each go with its word', async () => {
    expect((await plan({ force: true, deleteEmptydirData: true })).refused).toEqual([]);
    expect((await plan({ force: true, deleteEmptydirData: true, ignoreDaemonsets: false })).refused.map(({ flag }) => flag)).toEqual(['--ignore-daemonsets']);
  });
});

describe('drain', () => {
  it('asks again every five seconds while a disruption budget protects a pod', async () => {
    const clock = new FakeClock();
    const states: string[] = [];
    const { api, asked } = server({
      ...DISCOVERY,
      [`POST ${POD}/eviction`]: ({ body }, times) => {
        expect(body).toMatchObject({ apiVersion: 'policy/v1', kind: 'Eviction', deleteOptions: { gracePeriodSeconds: 5, preconditions: { uid: 'u1' } } });
        return times < 3 ? refuse(429, 'Cannot evict pod as it would violate the disruption budget.') : {};
      },
      [`GET ${POD}`]: (_request, times) => (times < 2 ? { metadata: { uid: 'u1' } } : refuse(404, 'gone')),
    });
    const work = drain(api, [ref], { ...OPTIONS, gracePeriod: 5 }, { clock, onState: (state) => states.push(state) }, signal);
    await clock.advance(11_000);
    await work;
    expect(asked.filter((key) => key.endsWith('/eviction'))).toHaveLength(3);
    expect(states[0]).toContain('default/web: Cannot evict pod');
  });

  it('is a timeout that names the pod and why', async () => {
    const clock = new FakeClock();
    const { api } = server({ ...DISCOVERY, [`POST ${POD}/eviction`]: () => refuse(429, 'the budget says no') });
    const work = expect(drain(api, [ref], OPTIONS, { clock }, signal)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('default/web did not go in time: the budget says no'),
    });
    await clock.advance(61_000);
    await work;
  });

  it.each([
    ['--disable-eviction', { disableEviction: true }, {}],
    ['a server without evictions', {}, { 'GET /api/v1': () => ({ resources: [] }) }],
    ['a server that declares them and has none', {}, { ...DISCOVERY, [`POST ${POD}/eviction`]: () => refuse(501, 'not implemented') }],
  ])('deletes with %s', async (_, options, answers) => {
    const { api, asked } = server({ [`DELETE ${POD}`]: () => ({}), [`GET ${POD}`]: () => ({ metadata: { uid: 'another' } }), ...answers });
    await drain(api, [ref], { ...OPTIONS, ...options }, { clock: new FakeClock() }, signal);
    expect(asked).toContain(`DELETE ${POD}`);
  });
});
