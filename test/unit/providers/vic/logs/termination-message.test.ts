import { addAbortSignal, PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { decodeContainerInfo } from '../../../../../src/clients/port-layer/decode.ts';
import { portLayerError, type PortLayerFailureKind } from '../../../../../src/clients/port-layer/failure.ts';
import type { ArchiveExport, PortLayer } from '../../../../../src/clients/port-layer/port.ts';
import type { LogOptions } from '../../../../../src/kubelet/capabilities.ts';
import { silentLog } from '../../../../../src/platform/log.ts';
import { readArchive, packArchive, type ArchiveEntry, type ArchiveMember } from '../../../../../src/platform/tar.ts';
import type { PodContainer } from '../../../../../src/providers/vic/vm/identity.ts';
import type { KeptLog } from '../../../../../src/providers/vic/streams/kept-log.ts';
import type { Look } from '../../../../../src/providers/vic/vm/look.ts';
import { messageFile } from '../../../../../src/providers/vic/plan/message-file.ts';
import { observePod } from '../../../../../src/providers/vic/vm/observe.ts';
import { initialRuns, type PodRuns, type TaskRun } from '../../../../../src/providers/vic/vm/runs.ts';
import { terminationMessages } from '../../../../../src/providers/vic/logs/termination-message.ts';
import { FakeClock, settle } from '../../../../support/fake-clock.ts';

const never = new AbortController().signal;
const FILE = 'tmp/message';

const container = (name: string, more: Partial<PodContainer> = {}): PodContainer => ({
  ...{ name, role: 'main', layerId: 'l', imageId: 'i', imageRef: 'img@sha256:1', stopSignal: '', tty: false, stdin: false, stdinOnce: false },
  messageFile: FILE,
  ...more,
});

interface Life {
  /** Seconds. */
  readonly start: number;
  readonly stop: number;
  readonly code?: number;
  readonly on?: boolean;
}

/** A VM with its last life. */
function seen({ start, stop, code = 3, on = false }: Life, containers: readonly PodContainer[] = [container('c')], more: Partial<PodRuns> = {}): Look {
  const info = decodeContainerInfo({
    containerConfig: { containerId: 'vm', state: on ? 'Running' : 'Stopped', createTime: 5e18 },
    processConfig: { status: 'true', startTime: start, stopTime: stop, exitCode: code },
  });
  const identity = { uid: 'u', namespace: 'n', name: 'p', hostname: 'p', containers };
  const runs = { ...initialRuns(identity), ...more };
  return { vm: { identity, info }, runs, pod: observePod(identity, info, runs) };
}

const members = (...entries: readonly ArchiveEntry[]): readonly ArchiveMember[] => [...readArchive(packArchive(entries, 0))];
const written = (text: string, second: number, path = FILE): ArchiveEntry => ({
  path,
  kind: 'file',
  mode: 0o644,
  content: Buffer.from(text),
  modifiedAt: second * 1000,
});
const refuses = (kind: PortLayerFailureKind, httpStatus?: number): Error =>
  portLayerError('vch', { kind, operation: 'GET /archive', reason: '', ...(httpStatus === undefined ? {} : { httpStatus }) });

/** What the disk has, or what the VCH says instead, one after the other; the last one again and again. */
function vch(...answers: readonly (readonly ArchiveMember[] | Error)[]) {
  const clock = new FakeClock();
  const asked: ArchiveExport[] = [];
  const waits: number[] = [];
  let [off, logNeverEnds] = [true, false];
  const portLayer = {
    exportArchive: (request: ArchiveExport, signal: AbortSignal) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(request);
      if (answer === undefined) return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    waitContainer: (_: string, seconds: number) => {
      waits.push(seconds);
      return Promise.resolve(off ? 'stopped' : 'running');
    },
  } as unknown as PortLayer;
  const logs = {
    open: (_: object, { follow }: LogOptions, signal: AbortSignal) => {
      const log = Readable.from([Buffer.from(follow ? 'all of the log' : 'the log')]);
      return Promise.resolve(follow && logNeverEnds ? addAbortSignal(signal, new PassThrough()) : log);
    },
  };
  const taskLogs = { of: (task: string) => (task === 'kept' ? ({} as KeptLog) : undefined) };
  const messages = terminationMessages({ portLayer, clock, logs, taskLogs, log: silentLog });
  const of = async (look: Look, name = 'c'): Promise<string | undefined> => {
    const pod = await messages.add(look, never);
    const state = pod.containers.find((one) => one.name === name)?.state;
    return state?.kind === 'exited' ? state.message : undefined;
  };
  const staysOn = (): void => void (off = false);
  const neverEnds = (): void => void (logNeverEnds = true);
  return { messages, of, asked, waits, clock, staysOn, neverEnds };
}

describe('the termination message file of a container', () => {
  it('is read from its disk once it has ended, whatever its exit code, and once for each run', async () => {
    const { of, asked } = vch(members(written('said', 15)));
    expect(await of(seen({ start: 10, stop: 20 }))).toBe('said');
    expect(await of(seen({ start: 10, stop: 20 }))).toBe('said');
    expect(asked).toEqual([{ deviceId: 'vm-0', path: FILE, limitBytes: 1024 * 1024 }]);
    expect(await vch(members(written('fine', 15))).of(seen({ start: 10, stop: 20, code: 0 }))).toBe('fine');
  });

  it('is on the disk of its image', async () => {
    const { of, asked } = vch(members(written('said', 10)));
    const pair = [container('a', { layerId: 'one' }), container('b', { layerId: 'one', messageFile: 'b' }), container('c', { layerId: 'two' })];
    expect(await of(seen({ start: 10, stop: 20 }, pair, { group: ['c'] }))).toBe('said');
    expect(asked[0]?.deviceId).toBe('vm-1');
  });

  it('counts with its last 4096 bytes', async () => {
    expect(await vch(members(written(`lost${'x'.repeat(4092)}said`, 15))).of(seen({ start: 10, stop: 20 }))).toBe(`${'x'.repeat(4092)}said`);
  });

  it.each([
    ['is absent', []],
    ['is empty', [written('', 15)]],
    ['is a folder', [{ path: FILE, kind: 'folder', mode: 0o755, modifiedAt: 15_000 } as const, written('no', 15, `${FILE}/x`)]],
    ['is a link', [{ path: FILE, kind: 'link', mode: 0o777, target: 'x', modifiedAt: 15_000 } as const]],
    ['is older than the run', [written('stale', 9)]],
    ['is younger than the run', [written('of another', 21)]],
  ])('that %s is none, and the log stands for it where that was asked for', async (_, entries: readonly ArchiveEntry[]) => {
    const { of } = vch(members(...entries));
    expect(await of(seen({ start: 10, stop: 20 }))).toBeUndefined();
    const both = [container('c', { logMessage: true })];
    expect(await vch(members(...entries)).of(seen({ start: 10, stop: 20 }, both))).toBe('the log');
    expect(await vch(members(...entries)).of(seen({ start: 10, stop: 20, code: 0 }, both))).toBeUndefined();
  });

  it('of an earlier run is not told for a later one, even where both fall into one second', async () => {
    const { of } = vch(members(written('said', 20)), members(written('said', 20)), members(written('said', 31)));
    expect(await of(seen({ start: 10, stop: 20 }))).toBe('said');
    expect(await of(seen({ start: 20, stop: 30 }))).toBeUndefined();
    expect(await of(seen({ start: 31, stop: 31 }))).toBe('said');
  });

  it('is nobody’s where containers that may run together have the same one', async () => {
    const look = (first: Partial<PodContainer>, second: Partial<PodContainer>): Look =>
      seen({ start: 10, stop: 20 }, [container('i', first), container('c', second)], { group: ['c'] });
    expect(await vch(members(written('whose', 15))).of(look({}, {}))).toBeUndefined();
    expect(await vch(members(written('whose', 15))).of(look({ role: 'sidecar' }, {}))).toBeUndefined();
    expect(await vch(members(written('mine', 15))).of(look({ role: 'init' }, {}))).toBe('mine');
    expect(await vch(members(written('mine', 15))).of(look({ layerId: 'other' }, {}))).toBe('mine');
    expect(await vch(members(written('mine', 15))).of(look({ messageFile: 'other' }, {}))).toBe('mine');
  });

  it('of a container that joined the running VM is told of its first run alone', async () => {
    const task = (more: Partial<TaskRun> = {}): Partial<PodRuns> => {
      const end = { kind: 'exited', exitCode: 4, startedAt: 999_000, finishedAt: 999_500 } as const;
      return { group: ['a'], tasks: { c: { id: 't', boot: 10_000, startedAt: 999_000, afterLogged: false, end, ...more } } };
    };
    const pair = [container('a', { messageFile: 'a' }), container('c')];
    expect(await vch(members(written('said', 15))).of(seen({ start: 10, stop: 20 }, pair, task()))).toBe('said');
    expect(await vch(members(written('stale', 9))).of(seen({ start: 10, stop: 20 }, pair, task()))).toBeUndefined();
    const before = { kind: 'exited', exitCode: 4, finishedAt: 998_000 } as const;
    expect(await vch(members(written('whose', 15))).of(seen({ start: 10, stop: 20 }, pair, task({ before })))).toBeUndefined();
    expect(await vch(members(written('whose', 15))).of(seen({ start: 30, stop: 40 }, pair, task()))).toBeUndefined();
  });

  it('is not read while other containers run', async () => {
    const end = { id: 't', boot: 10_000, startedAt: 1, afterLogged: false } as const;
    const { of, asked, waits } = vch(members(written('said', 15)));
    const look = seen({ start: 10, stop: 20, on: true }, [container('c'), container('d', { messageFile: 'd' })], { group: ['c'], tasks: { d: end } });
    const running = {
      ...look,
      pod: { ...look.pod, containers: [look.pod.containers[0]!, { ...look.pod.containers[1]!, state: { kind: 'running', startedAt: 1 } as const }] },
    };
    expect(await of(running)).toBeUndefined();
    expect([asked, waits]).toEqual([[], []]);
    // The last of them has ended.
    expect(await of(seen({ start: 10, stop: 20 }, [container('c')]))).toBe('said');
  });

  it('waits a moment, and not for ever, for a VM to be off that runs nothing any more', async () => {
    const ending = vch(members(written('said', 15)));
    expect(await ending.of(seen({ start: 10, stop: 20, on: true }))).toBe('said');
    expect(ending.waits).toEqual([5]);
    const { of, asked, waits, staysOn } = vch(members(written('said', 15)));
    staysOn();
    for (let count = 0; count < 5; count += 1) expect(await of(seen({ start: 10, stop: 20, on: true }))).toBeUndefined();
    expect([asked.length, waits.length]).toEqual([0, 3]);
  });

  it.each([
    [refuses('refused', 501), 1],
    [refuses('refused', 422), 1],
    [refuses('absent', 404), 1],
    [refuses('malformed'), 1],
    [refuses('refused', 500), 3],
    [refuses('refused', 423), 3],
    [refuses('conflict', 409), 3],
  ])('that the VCH does not give (%s) is none: the log is told', async (error, tries) => {
    const { of, asked, clock } = vch(error);
    const asking = of(seen({ start: 10, stop: 20 }, [container('c', { logMessage: true })]));
    for (let count = 1; count < tries; count += 1) {
      await settle();
      await clock.advance(500);
    }
    expect(await asking).toBe('the log');
    expect(asked).toHaveLength(tries);
    expect(await of(seen({ start: 10, stop: 20 }, [container('c', { logMessage: true })]))).toBe('the log');
    expect(asked).toHaveLength(tries);
  });

  it('that could not be had once is had another time, in a few times at most', async () => {
    const lost = refuses('unreachable');
    const { of } = vch(lost, members(written('said', 15)));
    expect(await of(seen({ start: 10, stop: 20 }))).toBeUndefined();
    expect(await of(seen({ start: 10, stop: 20 }))).toBe('said');
    const never = vch(lost);
    for (let count = 0; count < 6; count += 1) await never.of(seen({ start: 10, stop: 20 }));
    expect(never.asked).toHaveLength(3);
    expect(await never.of(seen({ start: 10, stop: 20 }, [container('c', { logMessage: true })]))).toBe('the log');
  });

  it('keeps nobody waiting for more than 20 seconds', async () => {
    const { of, clock } = vch();
    const asking = of(seen({ start: 10, stop: 20 }));
    await settle();
    await clock.advance(20_000);
    expect(await asking).toBeUndefined();
  });

  it('is read from four disks at a time, and waits for its turn without a try of it', async () => {
    const { messages, asked, clock } = vch();
    const of = (uid: string): Look => {
      const look = seen({ start: 10, stop: 20 });
      return { ...look, pod: { ...look.pod, uid } };
    };
    const uids = Array.from({ length: 6 }, (_, index) => `u${String(index)}`);
    const lap = async (): Promise<number> => {
      const all = uids.map((uid) => messages.add(of(uid), never));
      await settle();
      const reading = asked.length;
      await clock.advance(20_000);
      await Promise.all(all);
      // Those whose turn came too late were told without.
      expect(asked).toHaveLength(reading);
      return reading;
    };
    expect([await lap(), await lap(), await lap()]).toEqual([4, 8, 12]);
    // The first four have had their tries.
    expect([await lap(), await lap(), await lap(), await lap()]).toEqual([14, 16, 18, 18]);
  });

  it('is forgotten with its pod, and ends with who asked', async () => {
    const { of, messages, asked } = vch(members(written('said', 15)));
    await of(seen({ start: 10, stop: 20 }));
    messages.forget('u');
    expect(await of(seen({ start: 10, stop: 20 }))).toBe('said');
    expect(asked).toHaveLength(2);
    const stop = new AbortController();
    const asking = vch().messages.add(seen({ start: 10, stop: 20 }), stop.signal);
    stop.abort(new Error('called off'));
    await expect(asking).rejects.toThrow('called off');
  });

  it('leaves what could not be launched as it is', async () => {
    const { messages, asked } = vch(members(written('said', 10)));
    const look = seen({ start: 10, stop: 20 });
    const failed = { ...look.pod.containers[0]!, state: { kind: 'exited', exitCode: 127, message: 'no such file', finishedAt: 10_000 } as const };
    expect((await messages.add({ ...look, pod: { ...look.pod, containers: [failed] } }, never)).containers).toEqual([failed]);
    expect(asked).toEqual([]);
  });
});

describe('the end of the log of a container', () => {
  const asks = container('c', { logMessage: true, messageFile: undefined as never });
  const joined = (id: string): Look => {
    const end = { kind: 'exited', exitCode: 4, startedAt: 1, finishedAt: 2 } as const;
    return seen({ start: 10, stop: 20 }, [container('a'), asks], { group: ['a'], tasks: { c: { id, boot: 10_000, startedAt: 1, afterLogged: false, end } } });
  };

  it('that joined the running VM is told to its end, if somebody listened', async () => {
    expect(await vch([]).of(joined('kept'))).toBe('all of the log');
    expect(await vch([]).of(joined('nobody listened'))).toBeUndefined();
  });

  it('is told as far as it is there when its end does not come', async () => {
    const { of, clock, neverEnds } = vch([]);
    neverEnds();
    const asking = of(joined('kept'));
    await settle();
    await clock.advance(5_000);
    expect(await asking).toBe('the log');
  });

  it('that started with its VM, and with no other, is told', async () => {
    expect(await vch([]).of(seen({ start: 10, stop: 20 }, [asks]))).toBe('the log');
    expect(await vch([]).of(seen({ start: 10, stop: 20 }, [asks, container('d')], { group: ['c', 'd'] }))).toBeUndefined();
  });

  it('of an earlier run that was a task is told, if somebody listened', async () => {
    const end = { kind: 'exited', exitCode: 4, startedAt: 1, finishedAt: 2 } as const;
    const before = (task: string): Look => {
      const past = [{ group: ['c'], startedAt: 1, stoppedAt: 2, end, task }];
      return seen({ start: 10, stop: 20 }, [container('a', { messageFile: 'a' }), asks], { group: ['a'], past });
    };
    expect(await vch([]).of(before('kept'))).toBe('all of the log');
    expect(await vch([]).of(before('nobody listened'))).toBeUndefined();
  });
});

describe('the path of a message', () => {
  it.each([
    ['/dev/termination-log', undefined],
    ['/dev/../dev/x', undefined],
    ['/proc/self/x', undefined],
    ['/sys/x', undefined],
    ['/', undefined],
    ['', undefined],
    ['/tmp/message', 'tmp/message'],
    ['//var/./log/../message', 'var/message'],
    ['/device', 'device'],
  ])('%s', (path, file) => {
    expect(messageFile(path)).toBe(file);
  });
});
