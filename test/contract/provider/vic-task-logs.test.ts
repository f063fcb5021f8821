/** What containers write that joined a VM: a VCH keeps no log of them, so the kubelet that listens does. */
import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { PortLayer } from '../../../src/clients/port-layer/port.ts';
import type { LogOptions } from '../../../src/kubelet/capabilities.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../support/kubelet/pod-requests.ts';
import { useVicSuite } from './vic-suite.ts';
import { VIC_WORLD } from './vic-worlds.ts';

const never = new AbortController().signal;
const PATIENCE = { timeout: 60_000, interval: 50 };
const WAITS = "trap 'exit 0' TERM; sleep 1000 & wait";
const shell = (name: string, script: string, more: Parameters<typeof containerRequest>[0] = {}) =>
  containerRequest({ name, command: ['/bin/sh', '-c', script], ...more });

describe(`logs of containers that joined a VM, over ${VIC_WORLD}`, () => {
  const vic = useVicSuite();
  const { made } = vic;

  /** A pod whose first container waits, so that `b` joins it. */
  const joined = async (script: string, more: Parameters<typeof containerRequest>[0] = {}, by = vic.provider): Promise<RequestedPod> => {
    const pod = podRequest([shell('a', WAITS), shell('b', script, more)]);
    made.push(pod.uid);
    await by.create(pod, never);
    for (const name of ['a', 'b']) await by.start(startRequest(pod, name), never);
    return pod;
  };
  const open = async (uid: string, options: Partial<LogOptions> = {}, by = vic.provider, container = 'b') =>
    await by.logs!.open({ uid, container }, { follow: false, previous: false, timestamps: false, ...options }, never);
  const logOf = async (...args: Parameters<typeof open>): Promise<string> => await text(await open(...args));
  const ends = async (uid: string, exitCode: number, by = vic.provider) => {
    const state = async () => (await by.status(uid, never))?.containers.find(({ name }) => name === 'b')?.state;
    await expect.poll(state, PATIENCE).toMatchObject({ kind: 'exited', exitCode });
  };

  it('have every line of one that ends at once, with times and streams, and outlast its VM', async () => {
    const pod = await joined('echo one; echo two >&2; printf three; exit 4');
    await ends(pod.uid, 4);
    const sorted = async (options: Partial<LogOptions>) => (await logOf(pod.uid, options)).split('\n').sort();
    await expect.poll(() => sorted({}), PATIENCE).toEqual(['one', 'three', 'two']);
    expect(await logOf(pod.uid, { stream: 'stderr' })).toBe('two\n');
    expect(await logOf(pod.uid, { stream: 'stdout', tailLines: 1 })).toBe('three');
    expect(await logOf(pod.uid, { stream: 'stderr', timestamps: true })).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z two\n$/);
    await vic.provider.stop({ uid: pod.uid, container: 'a', graceSeconds: 5 }, never);
    expect(await logOf(pod.uid, { stream: 'stdout' })).toBe('one\nthree');
    await vic.provider.start(startRequest(pod, 'a'), never);
    await vic.provider.start(startRequest(pod, 'b'), never);
    await ends(pod.uid, 4);
    expect(await logOf(pod.uid, { stream: 'stderr', previous: true })).toBe('two\n');
    await vic.provider.remove(pod.uid, never);
    await expect(open(pod.uid)).rejects.toThrow('no VM');
  });

  it('are followed to their end, and attached to at the same time', async () => {
    const pod = await joined('while read line; do echo "<$line>"; done; echo over; exit 6', { stdin: true, spec: { name: 'b', stdin: true, stdinOnce: true } });
    const followed = text(await open(pod.uid, { follow: true }));
    const stdout = new PassThrough();
    const attached = text(stdout);
    const stdin = new PassThrough();
    const session = vic.provider.attach!.attach({ uid: pod.uid, container: 'b' }, { stdin, stdout, stderr: new PassThrough().resume(), tty: false }, never);
    stdin.end('x\ny\n');
    await session;
    expect(await attached).toBe('<x>\n<y>\nover\n');
    expect(await followed).toBe('<x>\n<y>\nover\n');
    await ends(pod.uid, 6);
    await vic.provider.remove(pod.uid, never);
  });

  it('of one with a terminal are one stream', async () => {
    const pod = await joined('echo out; echo err >&2', { tty: true, spec: { name: 'b', tty: true } });
    await ends(pod.uid, 0);
    await expect.poll(async () => (await logOf(pod.uid)).replaceAll('\r', ''), PATIENCE).toBe('out\nerr\n');
    await vic.provider.remove(pod.uid, never);
  });

  it('do not hold one back that writes a lot, and keep the end of it', async () => {
    const pod = await joined('i=0; while [ $i -lt 40000 ]; do echo "line $i ----------------------------------------------------"; i=$((i+1)); done');
    await ends(pod.uid, 0);
    await expect.poll(() => logOf(pod.uid, { tailLines: 1 }), PATIENCE).toContain('line 39999 ');
    const lines = (await logOf(pod.uid)).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^\(vick: what was written before .* is not kept\)$/);
    expect(lines.slice(1).map((line) => Number(line.split(' ')[1]))).toEqual(Array.from({ length: lines.length - 1 }, (_, at) => 40_001 - lines.length + at));
    expect(lines.length).toBeGreaterThan(1_000);
    await vic.provider.remove(pod.uid, never);
  });

  it('are taken up by the next kubelet, which says what it did not hear', async () => {
    const pod = await joined('echo before; while read line; do echo "<$line>"; done', { stdin: true, spec: { name: 'b', stdin: true } });
    await expect.poll(() => logOf(pod.uid), PATIENCE).toBe('before\n');
    const stopping = new AbortController();
    await vic.provider.watch(() => undefined, AbortSignal.abort());
    const next = vic.world.provider();
    const watching = next.watch(() => undefined, stopping.signal);
    await next.status(pod.uid, never);
    await expect.poll(() => logOf(pod.uid, {}, next), PATIENCE).toMatch(/^\(vick: what was written before .* is not kept\)\n$/);
    const stdin = new PassThrough();
    const session = next.attach!.attach({ uid: pod.uid, container: 'b' }, { stdin, stdout: new PassThrough().resume(), tty: false }, never);
    stdin.write('after\n');
    await expect.poll(() => logOf(pod.uid, {}, next), PATIENCE).toMatch(/^\(vick: .*\)\n<after>\n$/);
    await next.remove(pod.uid, never);
    await session.catch(() => undefined);
    stopping.abort();
    await watching;
  });

  it('are begun by the next kubelet when the one before was killed before it listened', async () => {
    const killed = new AbortController();
    const output: PortLayer['output'] = async () => {
      killed.abort(new Error('the kubelet was killed'));
      return await new Promise(() => undefined);
    };
    const pod = podRequest([shell('a', WAITS), shell('b', 'echo heard; exit 3')]);
    made.push(pod.uid);
    await vic.provider.create(pod, never);
    await vic.provider.start(startRequest(pod, 'a'), never);
    const doomed = vic.world.provider({ portLayer: { ...vic.world.portLayer, output } });
    await expect(doomed.start(startRequest(pod, 'b'), killed.signal)).rejects.toThrow('killed');
    const next = vic.world.provider();
    const stopping = new AbortController();
    const watching = next.watch(() => undefined, stopping.signal);
    await ends(pod.uid, 3, next);
    await expect.poll(() => logOf(pod.uid, {}, next), PATIENCE).toContain('heard\n');
    await next.remove(pod.uid, never);
    stopping.abort();
    await watching;
  });

  it('go on after their connection was lost, and say so', async () => {
    const opened: Readable[] = [];
    const output: PortLayer['output'] = async (...args) => {
      const real = await vic.world.portLayer.output(...args);
      if (real !== undefined) opened.push(real);
      return real;
    };
    const by = vic.world.provider({ portLayer: { ...vic.world.portLayer, output } });
    const pod = await joined('echo first; while read line; do echo "<$line>"; done', { stdin: true, spec: { name: 'b', stdin: true } }, by);
    await expect.poll(() => logOf(pod.uid, {}, by), PATIENCE).toBe('first\n');
    const heard = opened.length;
    for (const stream of opened) stream.destroy(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
    await expect.poll(() => opened.length, PATIENCE).toBeGreaterThan(heard);
    const stdin = new PassThrough();
    const session = by.attach!.attach({ uid: pod.uid, container: 'b' }, { stdin, stdout: new PassThrough().resume(), tty: false }, never);
    stdin.write('again\n');
    await expect.poll(() => logOf(pod.uid, {}, by), PATIENCE).toMatch(/^first\n\(vick: the connection to the process was lost at .*\)\n<again>\n$/);
    await by.remove(pod.uid, never);
    await session.catch(() => undefined);
  });

  it('end for their readers when the pod is removed, or could never start', async () => {
    const pod = await joined('echo here; sleep 1000');
    const following = text(await open(pod.uid, { follow: true }));
    await expect.poll(() => logOf(pod.uid), PATIENCE).toBe('here\n');
    await vic.provider.remove(pod.uid, never);
    expect(await following).toBe('here\n');
    const missing = await joined('', { command: ['/no/such/program'] });
    await ends(missing.uid, 127);
    expect(await logOf(missing.uid, { follow: true })).toBe('');
    await vic.provider.remove(missing.uid, never);
  });
});
