import { expect, it } from 'vitest';
import { refusal, type RefusalHeaders } from '../../../../src/clients/kubernetes/errors.ts';
import type { ApiRequest, KubernetesApi } from '../../../../src/clients/kubernetes/port.ts';
import { heedRetryAfter } from '../../../../src/clients/kubernetes/retry-after.ts';
import { VickError } from '../../../../src/errors/vick-error.ts';
import { silentLog } from '../../../../src/platform/log.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';

const random = { fraction: () => 0, uuid: () => 'u', hex: () => 'h' };
const STATUS: ApiRequest = { method: 'PATCH', path: '/api/v1/namespaces/default/pods/web/status' };
const LEASE: ApiRequest = { method: 'PUT', path: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n' };
const TOKEN: ApiRequest = { method: 'POST', path: '/api/v1/namespaces/default/serviceaccounts/runner/token' };

const busy = (retryAfter?: string): VickError => refusal(429, 'try again later', 'a request', { retryAfter });

/** A client whose server says what `answer` says, with the times at which it was asked. */
function setUp(answer: (asked: number) => Error | undefined): {
  readonly api: KubernetesApi;
  readonly clock: FakeClock;
  readonly times: () => readonly number[];
} {
  const clock = new FakeClock(0);
  const times: number[] = [];
  const reply = <T>(): Promise<T> => {
    const error = answer(times.push(clock.now()) - 1);
    return error === undefined ? Promise.resolve({} as T) : Promise.reject(error);
  };
  const api: KubernetesApi = {
    server: 'https://api.example.test',
    request: reply,
    requestText: reply,
    close: () => Promise.resolve(),
    watch: async function* (_request, _signal, onOpen) {
      await reply();
      onOpen?.();
      await new Promise(() => undefined);
    },
  };
  return { clock, times: () => times, api: heedRetryAfter(api, { clock, random, log: silentLog }) };
}

const outcome = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: unknown) => error,
  );

it.each<[string, number, RefusalHeaders, object | undefined, number | undefined]>([
  ['seconds', 429, { retryAfter: '12' }, undefined, 12],
  ['seconds of an unavailable server', 503, { retryAfter: ' 3 ' }, undefined, 3],
  ['a date', 429, { retryAfter: 'Mon, 23 Nov 2026 12:00:09 GMT', date: 'Mon, 23 Nov 2026 12:00:00 GMT' }, undefined, 9],
  ['a date that is over', 429, { retryAfter: 'Mon, 23 Nov 2026 12:00:00 GMT', date: 'Mon, 23 Nov 2026 12:00:09 GMT' }, undefined, 0],
  ['a date, and nobody knows which time it is there', 429, { retryAfter: 'Mon, 23 Nov 2026 12:00:09 GMT' }, undefined, 1],
  ['what the Status says', 500, {}, { retryAfterSeconds: 4 }, 4],
  ['the header before the Status', 429, { retryAfter: '2' }, { retryAfterSeconds: 4 }, 2],
  ['a second, when nothing is said', 429, {}, undefined, 1],
  ['a second for what cannot be read', 429, { retryAfter: 'soon' }, undefined, 1],
  ['a second for less than nothing', 429, { retryAfter: '-5' }, { retryAfterSeconds: -5 }, 1],
  ['nothing of a broken server that says nothing', 500, {}, undefined, undefined],
  ['nothing of any other answer', 403, { retryAfter: '5' }, { retryAfterSeconds: 5 }, undefined],
])('takes from a refusal: %s', (_name, code, headers, details, expected) => {
  const body = details === undefined ? 'no' : JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', details });
  expect(refusal(code, body, 'a request', headers).details?.['retryAfterSeconds']).toBe(expected);
});

it('makes a refused request again when the time has come, and not before', async () => {
  const { api, clock, times } = setUp((asked) => (asked < 2 ? busy('5') : undefined));
  const done = outcome(api.request(STATUS));
  await clock.advance(20_000);
  expect([await done, times()]).toEqual(['done', [0, 5_000, 10_000]]);
});

it('gives up after ten times, or when it would take too long for who asks', async () => {
  const { api, clock, times } = setUp(() => busy('1'));
  const done = outcome(api.request(STATUS));
  await clock.advance(60_000);
  expect(await done).toMatchObject({ code: 'KUBE_API', details: { httpStatus: 429 } });
  expect(times()).toHaveLength(10);
  const patient = setUp(() => busy('61'));
  expect(await outcome(patient.api.request(STATUS))).toMatchObject({ details: { retryAfterSeconds: 61 } });
  const token = setUp(() => busy('6'));
  expect(await outcome(token.api.request(TOKEN))).toMatchObject({ details: { retryAfterSeconds: 6 } });
  expect(patient.clock.pending + token.clock.pending).toBe(0);
});

it('pauses longer and longer when the server asks for no pause', async () => {
  const { api, clock, times } = setUp(() => busy('0'));
  const done = outcome(api.request(STATUS));
  await clock.advance(60_000);
  expect(await done).toBeInstanceOf(VickError);
  expect(times()).toEqual([0, 100, 300, 700, 1_500, 3_100, 6_300, 12_700, 19_700, 26_700]);
});

it('does not ask meanwhile for others of the kind: they get the refusal, or wait until one has come through', async () => {
  let refused = true;
  const { api, clock, times } = setUp(() => (refused ? busy('10') : undefined));
  const first = outcome(api.request(STATUS));
  await settle();
  const rest = Array.from({ length: 50 }, () => outcome(api.request(STATUS)));
  await clock.advance(15_000);
  expect(times()).toEqual([0, 10_000]);
  refused = false;
  await clock.advance(4_999);
  expect(times()).toHaveLength(2);
  await clock.advance(1);
  expect(await Promise.all([first, ...rest])).toEqual(Array.from({ length: 51 }, () => 'done'));
  expect(times().slice(2)).toEqual(Array.from({ length: 51 }, () => 20_000));
});

it('never waits with a lease, nor keeps it longer than the node can bear', async () => {
  const { api, clock, times } = setUp((asked) => (asked < 1 ? busy('3600') : undefined));
  for (const at of [0, 7_000, 14_000]) {
    await clock.advance(at - clock.now());
    expect(await outcome(api.request(LEASE))).toMatchObject({ details: { httpStatus: 429 } });
  }
  expect(times()).toEqual([0]);
  await clock.advance(6_000);
  expect(await outcome(api.request(LEASE))).toBe('done');
});

it('keeps no kind of request waiting for another', async () => {
  const { api, times } = setUp((asked) => (asked === 0 ? busy('30') : undefined));
  void outcome(api.request(STATUS));
  await settle();
  expect(await outcome(api.request(LEASE))).toBe('done');
  expect(await outcome(api.request({ method: 'PATCH', path: '/api/v1/nodes/n/status' }))).toBe('done');
  expect(times()).toEqual([0, 0, 0]);
});

it.each([
  ['a connection that breaks', new VickError('KUBE_UNREACHABLE', 'reset')],
  ['a broken server that asks for nothing', refusal(500, 'oops', 'a request')],
  ['a conflict', refusal(409, '', 'a request', { retryAfter: '5' })],
])('leaves to its caller: %s', async (_name, error) => {
  const { api, times } = setUp((asked) => (asked === 0 ? error : undefined));
  expect(await outcome(api.request(STATUS))).toBe(error);
  expect(await outcome(api.request(STATUS))).toBe('done');
  expect(times()).toEqual([0, 0]);
});

it('lets the next one go first when the one that went first was called off', async () => {
  const { clock, times, api } = setUp((asked) => (asked === 0 ? busy('5') : undefined));
  const calledOff = new AbortController();
  const first = outcome(api.request(STATUS, calledOff.signal));
  await settle();
  const second = outcome(api.request(STATUS));
  await clock.advance(1_000);
  calledOff.abort(new Error('no longer wanted'));
  expect(await first).toMatchObject({ message: 'no longer wanted' });
  await clock.advance(4_000);
  expect([await second, times()]).toEqual(['done', [0, 5_000]]);
});

it('opens a refused watch again, and says when it is open', async () => {
  const { api, clock, times } = setUp((asked) => (asked === 0 ? busy('5') : undefined));
  let open = false;
  const events = api.watch({ method: 'GET', path: '/api/v1/pods', query: { watch: true } }, new AbortController().signal, () => (open = true));
  void events[Symbol.asyncIterator]().next();
  await clock.advance(4_999);
  expect(open).toBe(false);
  await clock.advance(1);
  expect([open, times()]).toEqual([true, [0, 5_000]]);
});
