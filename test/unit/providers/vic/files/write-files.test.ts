import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createPortLayer } from '../../../../../src/clients/port-layer/client.ts';
import { portLayerError } from '../../../../../src/clients/port-layer/failure.ts';
import type { PortLayer } from '../../../../../src/clients/port-layer/port.ts';
import { isProviderFailure } from '../../../../../src/kubelet/provider.ts';
import { silentLog } from '../../../../../src/platform/log.ts';
import { systemClock } from '../../../../../src/platform/node/clock.ts';
import { systemRandom } from '../../../../../src/platform/node/random.ts';
import { readArchive } from '../../../../../src/platform/tar.ts';
import type { Placement } from '../../../../../src/providers/vic/plan/plan-files.ts';
import { writeFiles, type DiskToWrite } from '../../../../../src/providers/vic/files/write-files.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';

const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const placed = (volume: string, path: string, injectedToken = false): Placement => ({
  ...{ volume, injectedToken, container: 'c', path: 'etc', holds: 'files' },
  entries: [{ path, kind: 'file', mode: 0o640, content: Buffer.from(`secret of ${volume}`) }],
});
const TOKEN = placed('kube-api-access-abcde', 'var/run/token', true);

/** A port layer of which only the import is there, answering each call as told; what comes after the last is 200. */
async function vch(...answers: readonly (number | 'drop' | { readonly status: number; readonly message: string })[]) {
  const imports: { readonly device: string | null; readonly files: readonly string[] }[] = [];
  const left = [...answers];
  const server = createServer((request, response) => {
    if (request.url === '/_ping') return void response.end('"OK"');
    void buffer(request).then((bytes) => {
      const files = [...readArchive(bytes)].filter(({ kind }) => kind === 'file').map(({ path }) => path);
      imports.push({ device: new URL(request.url ?? '', 'http://x').searchParams.get('deviceID'), files });
      const answer = left.shift() ?? 200;
      if (answer === 'drop') request.socket.destroy();
      else if (typeof answer === 'number') response.writeHead(answer).end();
      else response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ code: answer.status, message: answer.message }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const portLayer = createPortLayer({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, clock: systemClock, pid: 1 });
  cleanups.push(() => {
    portLayer.close();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const warnings: string[] = [];
  /** Pauses between attempts take no time. */
  const clock = { ...withoutPauses(), now: () => systemClock.now() };
  const write = (disks: readonly DiskToWrite[], signal = never) =>
    writeFiles({ portLayer, clock, random: systemRandom, log: silentLog, warn: (message) => warnings.push(message) }, disks, signal);
  return { imports, warnings, write };
}

function withoutPauses() {
  let waited = 0;
  return {
    monotonic: () => waited,
    schedule: () => () => undefined,
    sleep: (ms: number) => {
      waited += ms;
      return Promise.resolve();
    },
  };
}

const failureOf = async (work: Promise<unknown>): Promise<{ readonly reason: unknown; readonly message: string }> =>
  work.then(
    () => ({ reason: 'nothing', message: '' }),
    (error: unknown) => ({ reason: isProviderFailure(error) ? error.reason : 'other', message: String(error) }),
  );

describe('files on the disks of a pod VM', () => {
  it('are one archive for each disk', async () => {
    const { imports, warnings, write } = await vch();
    await write([
      { deltaId: 'f00-0', layerId: 'l0', placements: [placed('v', 'etc/v/x'), TOKEN] },
      { deltaId: 'f00-1', layerId: 'l1', placements: [placed('w', 'etc/w/x')] },
    ]);
    expect(imports).toEqual([
      { device: 'f00-0', files: ['etc/v/x', 'var/run/token'] },
      { device: 'f00-1', files: ['etc/w/x'] },
    ]);
    expect(warnings).toEqual([]);
  });

  it('are written again after a conflict, while the disk is in use, and after an error without a word', async () => {
    const { imports, write } = await vch(409, 409, 500, { status: 500, message: 'the device is in use' }, 423, 409);
    await write([{ deltaId: 'f00-0', layerId: 'l0', placements: [placed('v', 'x')] }]);
    expect(imports).toHaveLength(7);
  });

  it.each([
    ['an error that stays', [500, 500, 500], 3, 'the port layer answered HTTP 500'],
    ['a VCH that cannot', [501], 1, 'the port layer answered HTTP 501'],
    ['a disk that is not there', [404], 1, 'the port layer answered HTTP 404'],
    ['a reason', [{ status: 422, message: 'bad filter' }], 1, 'the port layer answered HTTP 422: bad filter'],
    ['a dropped connection', ['drop'], 1, 'the connection was closed without an answer'],
  ] as const)('that cannot be written fail the pod: %s', async (_, answers, attempts, reason) => {
    const { imports, warnings, write } = await vch(...answers);
    const failure = await failureOf(write([{ deltaId: 'f00-0', layerId: 'l0', placements: [placed('v', 'x'), placed('w', 'y'), TOKEN].slice(0, 2) }]));
    expect(failure.reason).toBe('CreatePodSandboxError');
    expect(failure.message).toContain('volume "v", "w" could not be written to the disk of c: ');
    expect(failure.message).toContain(reason);
    expect(failure.message).not.toContain('secret');
    expect(imports).toHaveLength(attempts);
    expect(warnings).toEqual([]);
  });

  it('do without the token that nobody asked for where a VCH cannot write it', async () => {
    const { imports, warnings, write } = await vch(501, 501);
    await write([
      { deltaId: 'f00-0', layerId: 'l0', placements: [TOKEN] },
      { deltaId: 'f00-1', layerId: 'l1', placements: [TOKEN] },
    ]);
    expect(imports.map(({ device }) => device)).toEqual(['f00-0', 'f00-1']);
    expect(warnings).toEqual([expect.stringMatching(/^automountServiceAccountToken: the pod runs without .* HTTP 501, and gave no reason; its log has one$/)]);
  });

  it('do without the token alone where that is what cannot be written, and fail where the rest cannot either', async () => {
    const disk = { deltaId: 'f00-0', layerId: 'l0', placements: [placed('v', 'x'), TOKEN] };
    const one = await vch(404);
    await one.write([disk]);
    expect(one.imports.map(({ files }) => files)).toEqual([['var/run/token', 'x'], ['x']]);
    expect(one.warnings).toHaveLength(1);
    const other = await vch(404, 404);
    const failure = await failureOf(other.write([disk]));
    expect(failure.message).toContain('volume "v" could not be written');
    expect(other.warnings).toEqual([]);
  });

  it('are not given up for the token when nobody knows what became of it', async () => {
    const { warnings, write } = await vch('drop');
    expect((await failureOf(write([{ deltaId: 'f00-0', layerId: 'l0', placements: [TOKEN] }]))).reason).toBe('CreatePodSandboxError');
    expect(warnings).toEqual([]);
  });

  it('are given up within a minute of conflicts, and at once when called off', async () => {
    const clock = new FakeClock();
    let attempts = 0;
    const importArchive = (): Promise<void> => {
      attempts += 1;
      return Promise.reject(portLayerError('vch', { kind: 'conflict', operation: 'POST /archive', httpStatus: 409, reason: '' }));
    };
    const portLayer = { importArchive } as unknown as PortLayer;
    const options = { portLayer, clock, random: systemRandom, log: silentLog };
    const disks = [{ deltaId: 'f00-0', layerId: 'l0', placements: [placed('v', 'x')] }];
    const work = failureOf(writeFiles(options, disks, never));
    await clock.advance(61_000);
    expect((await work).message).toContain('HTTP 409');
    expect(attempts).toBeGreaterThan(3);

    const stop = new AbortController();
    const called = writeFiles(options, disks, stop.signal).catch((error: unknown) => error);
    stop.abort(new Error('called off'));
    expect(await called).toEqual(new Error('called off'));
  });
});
