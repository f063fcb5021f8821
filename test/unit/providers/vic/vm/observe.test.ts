import { describe, expect, it } from 'vitest';
import { decodeContainerInfo } from '../../../../../src/clients/port-layer/decode.ts';
import type { ContainerInfo } from '../../../../../src/clients/port-layer/port.ts';
import { podAnnotations, readIdentity, type PodContainer } from '../../../../../src/providers/vic/vm/identity.ts';
import { endOfTask, observePod } from '../../../../../src/providers/vic/vm/observe.ts';
import { closeTask, decodeRuns, encodeRuns, initialRuns, type PodRuns, type TaskRun } from '../../../../../src/providers/vic/vm/runs.ts';
import { recording } from '../../../../support/replay-server.ts';

const container = (name: string, more: Partial<PodContainer> = {}): PodContainer => ({
  name,
  role: 'main',
  layerId: 'l',
  imageId: 'i',
  imageRef: 'img@sha256:1',
  stopSignal: '',
  tty: false,
  stdin: false,
  stdinOnce: false,
  ...more,
});

const POD = { uid: 'u', namespace: 'n', name: 'p', hostname: 'p' };

/** Every container info of a recording, in order, as the states of a pod of `count` containers. */
function states(name: string, count = 1) {
  return recording(`port-layer/${name}`)
    .filter(({ request, response }) => request.path.startsWith('/containers/info/') && response.status === 200)
    .map(({ response, purpose }) => {
      const info = decodeContainerInfo(response.body);
      const containers = Array.from({ length: count }, (_, index) => container(`c${String(index)}`));
      const identity = { ...POD, containers };
      // As in a VM that started with all of them.
      return { purpose, vm: info.state, ...observePod(identity, info, { ...initialRuns(identity), group: containers.map(({ name }) => name) }) };
    });
}

const synthetic = (state: string, process: Record<string, unknown>, more: Record<string, unknown> = {}): ContainerInfo =>
  decodeContainerInfo({ containerConfig: { containerId: 'vm', state, createTime: 5e18 }, processConfig: process, ...more });

const primary = (info: ContainerInfo) => observePod({ ...POD, containers: [container('c')] }, info).containers[0]!.state;

describe('what a pod VM shows', () => {
  it('reads launch failures as a shell tells them', () => {
    const seen = states('launch-failure').map(({ containers }) => containers[0]!.state);
    const failures = seen.filter((state) => state.kind === 'exited' && state.reason !== undefined);
    expect(new Set(failures.map((state) => (state.kind === 'exited' ? `${String(state.exitCode)} ${state.message ?? ''}` : '')))).toEqual(
      new Set(['127 no such file or directory', '126 permission denied', '127 exec: "no-such-program": executable file not found in $PATH']),
    );
    expect(primary(synthetic('Stopped', { status: 'Exec format error', startTime: 10 }))).toMatchObject({
      kind: 'exited',
      exitCode: 128,
      reason: 'StartError',
      finishedAt: 10_000,
    });
  });

  it('reads the life of a pod', () => {
    expect(states('pod-life').map(({ vm, containers }) => [vm, containers[0]!.state.kind])).toContainEqual(['Running', 'running']);
    for (const { vm, containers, ips } of states('pod-life')) {
      expect(containers[0]!.state.kind).toBe({ Created: 'created', Running: 'running', Stopped: 'exited' }[vm as 'Created']);
      if (vm !== 'Running') expect(ips).toEqual([]);
    }
    expect(states('pod-life').flatMap(({ ips }) => ips)[0]).toBe('<ip-1>');
  });

  it('knows how every recorded stop ended', () => {
    for (const name of ['stop-patience', 'task-ends-at-once', 'signal-and-wait']) {
      for (const { vm, containers, purpose } of states(name)) {
        if (vm === 'Stopped') expect(containers[0]!.state.kind, `${name}: ${purpose}`).toBe('exited');
      }
    }
  });

  it('tells the end of the first container while others run, and invents nothing for those', () => {
    const seen = states('two-containers', 2);
    const half = seen.find(({ vm, containers }) => vm === 'Running' && containers[0]!.state.kind === 'exited');
    expect(half?.containers[1]!.state.kind).toBe('running');
    const off = seen.find(({ vm }) => vm === 'Stopped');
    expect(off?.containers[1]!.state).toMatchObject({ kind: 'unknown', message: expect.stringContaining('c1') as string });
    expect(new Set(off?.containers.map(({ id }) => id)).size).toBe(2);
  });

  it('does not take the end of an earlier run for that of this one', () => {
    expect(primary(synthetic('Running', { status: 'true', startTime: 20, stopTime: 10 }))).toEqual({ kind: 'running', startedAt: 20_000 });
    expect(primary(synthetic('Running', { status: 'true', startTime: 20, stopTime: 20, exitCode: 3 }))).toMatchObject({ kind: 'exited', exitCode: 3 });
  });

  it.each([
    ['true', 137],
    ['', 143],
  ])('reads -1 with status %j as %i', (status, exitCode) => {
    expect(primary(synthetic('Stopped', { status, exitCode: -1, startTime: 10, stopTime: 12 }))).toMatchObject({
      kind: 'exited',
      exitCode,
      startedAt: 10_000,
      finishedAt: 12_000,
    });
  });

  it('says what it does not know', () => {
    expect(primary(synthetic('Stopped', { status: 'true', startTime: 20, stopTime: 10 })).kind).toBe('unknown');
    expect(primary(synthetic('', {}))).toMatchObject({ kind: 'unknown', message: expect.stringContaining('suspended') as string });
    expect(primary(synthetic('error', { errorMsg: 'cannot migrate' }))).toMatchObject({
      kind: 'unknown',
      message: expect.stringContaining('cannot migrate') as string,
    });
    expect(primary(synthetic('Unknown', {})).kind).toBe('unknown');
  });

  it('tells a process that was launched while others of its VM were not yet', () => {
    expect(primary(synthetic('Starting', { startTime: 10 })).kind).toBe('starting');
    expect(primary(synthetic('Starting', { startTime: 10, status: 'true' })).kind).toBe('running');
  });

  it('takes addresses with and without prefix, IPv4 first, and no blanks', () => {
    const endpoints = ['fd00::1/64', '', '10.0.0.2/16', '10.0.0.2'].map((address) => ({ address }));
    expect(observePod({ ...POD, containers: [] }, synthetic('Running', {}, { endpoints })).ips).toEqual(['10.0.0.2', 'fd00::1']);
  });
});

describe('identity in annotations', () => {
  it('comes back as it was stored', () => {
    const identity = { uid: 'u|1', namespace: 'ns', name: 'pod', hostname: 'host', containers: [container('a', { definition: 'd' }), container('b')] };
    const annotations = podAnnotations(identity);
    expect(Object.keys(annotations).some((key) => key.includes('|'))).toBe(false);
    expect(readIdentity({ annotations })).toEqual(identity);
  });

  it('is not found in a docker user’s container, and survives a broken container list', () => {
    expect(readIdentity({ annotations: { 'docker.labels': 'e30=' } })).toBeUndefined();
    const annotations = { 'vick.dev/uid': 'u', 'vick.dev/namespace': 'n', 'vick.dev/name': 'p' };
    for (const text of ['', '{', '{"version":99}', 'null']) {
      expect(readIdentity({ annotations: { ...annotations, 'vick.dev/containers': text } })).toEqual({
        uid: 'u',
        namespace: 'n',
        name: 'p',
        hostname: 'p',
        containers: [],
      });
    }
  });
});

describe('a container that joined its VM while that ran', () => {
  const identity = { ...POD, containers: [container('a'), container('b')] };
  const on = synthetic('Running', { status: 'true', startTime: 100 });
  const task = (more: Partial<TaskRun> = {}): TaskRun => ({ id: 'vm-b-1', boot: 100_000, startedAt: 101_500, afterLogged: false, ...more });
  const runs = (more: Partial<TaskRun> = {}): PodRuns => ({ ...initialRuns(identity), tasks: { b: task(more) }, taskCount: 1 });
  const stateOf = (record: PodRuns, live?: 'starting' | 'running') =>
    observePod(identity, on, record, new Map(live === undefined ? [] : [['b', live]])).containers[1]!.state;

  it('is what the port layer says of it, and what is on record once it has ended', () => {
    expect(stateOf(runs(), 'starting')).toEqual({ kind: 'starting' });
    expect(stateOf(runs(), 'running')).toEqual({ kind: 'running', startedAt: 101_500 });
    const end = { kind: 'exited', exitCode: 3, startedAt: 101_500, finishedAt: 102_000 } as const;
    expect(stateOf(runs({ end }), 'running')).toEqual(end);
  });

  it('is what it was before, as long as the port layer has never heard of it', () => {
    expect(stateOf(runs())).toEqual({ kind: 'created' });
    const before = { kind: 'exited', exitCode: 1, finishedAt: 100_900 } as const;
    expect(stateOf(runs({ before }))).toEqual(before);
  });

  it('never ends before it started, whatever the clock says, and a launch that failed has the exit code of a shell', () => {
    const info = { id: 'vm-b-1', state: 'stopped', exitCode: 0, errorMessage: '' };
    expect(endOfTask(task(), info, 5)).toEqual({ kind: 'exited', exitCode: 0, startedAt: 101_500, finishedAt: 101_500 });
    expect(endOfTask(task(), { ...info, state: 'failed', errorMessage: 'no such file or directory' }, 200_000)).toMatchObject({ exitCode: 127 });
    expect(endOfTask(task(), { ...info, state: 'failed' }, 200_000)).toMatchObject({ exitCode: 128, reason: 'StartError' });
  });

  it('is a past run once it starts with the VM, and survives its record', () => {
    const end = { kind: 'exited', exitCode: 3, startedAt: 101_500, finishedAt: 102_000 } as const;
    const closed = closeTask(runs({ end }), 'b');
    expect(closed.tasks).toEqual({});
    expect(closed.past).toEqual([{ group: ['b'], startedAt: 101_500, stoppedAt: 102_000, end, task: 'vm-b-1' }]);
    expect(decodeRuns(encodeRuns(closed))).toEqual(closed);
    expect(closeTask(runs(), 'b').past).toEqual([]);
    const older = JSON.parse(encodeRuns(closed)) as Record<string, unknown>;
    delete older['tasks'];
    delete older['taskCount'];
    expect(decodeRuns(JSON.stringify(older))).toMatchObject({ tasks: {}, taskCount: 0 });
  });
});
