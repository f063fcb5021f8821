/** Connections that break at each call of an update: what is repeated ends well, and containers see files whole or as they were. */
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { createPortLayer } from '../../../../src/clients/port-layer/client.ts';
import { isProviderFailure, type VolumeFile } from '../../../../src/kubelet/provider.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { startFaultyProxy, type Fault, type FaultyProxy } from '../../../support/faulty-proxy.ts';
import { containerRequest, podRequest, startRequest, type RequestedPod } from '../../../support/kubelet/pod-requests.ts';
import { startSandboxVch, type SandboxVch } from '../../../support/sandbox-vch.ts';

const never = new AbortController().signal;
const MOUNT = '/etc/vick-drops';

let vch: SandboxVch;
let proxy: FaultyProxy;

beforeAll(async () => {
  vch = await startSandboxVch({ bootMs: 1 });
  await vch.engine.pull({ repository: 'busybox', tag: 'latest' }, never);
  proxy = await startFaultyProxy(vch.addresses.portLayer);
});

afterAll(async () => {
  await proxy.close();
  await vch.close();
});

const filesOf = (generation: number): readonly VolumeFile[] =>
  ['a', `only-${String(generation)}`].map((path) => ({ path, content: Buffer.from(`${String(generation)}\n`.repeat(300)), mode: 0o644 }));

function newPod(): RequestedPod {
  const mounts = [{ volume: 'config', mountPath: MOUNT, subPath: undefined, readOnly: true }];
  const pod = podRequest([containerRequest({ command: ['sleep', '1000'], mounts })]);
  return { ...pod, volumes: [{ name: 'config', kind: 'files', files: filesOf(0), inMemory: false }] };
}

describe('files of volumes of a VIC provider whose connection breaks', () => {
  for (const fault of ['before', 'after'] as const) {
    it(`at each call of an update, ${fault} it was carried out`, { timeout: 120_000 }, (context) => survives(fault, context));
  }
});

async function survives(fault: Fault, context: TestContext): Promise<void> {
  const by = vch.provider({ portLayer: createPortLayer({ ...proxy, clock: systemClock, pid: 3 }) });
  const direct = vch.provider();
  const pod = newPod();
  try {
    await by.create(pod, never);
  } catch (error) {
    if (!isProviderFailure(error) || !error.message.includes('HTTP 501')) throw error;
    return context.skip('files cannot be written where this user may not make mount namespaces');
  }
  await by.start(startRequest(pod), never);
  const seen = async (): Promise<string> => {
    const stdout = new PassThrough();
    const said = text(stdout);
    await direct.exec!.exec({ uid: pod.uid, container: 'c' }, ['sh', '-c', `cd ${MOUNT} && ls -A && uniq -c a`], { stdout, tty: false }, never);
    return (await said).replace(/ +/g, ' ');
  };
  const whole = (generation: number): string => `a\nonly-${String(generation)}\n 300 ${String(generation)}\n`;
  let befell = 'nothing yet';
  for (let index = 0; befell !== ''; index += 1) {
    const generation = index + 1;
    const first = proxy.calls.length;
    befell = '';
    proxy.decide = (call, position) => {
      if (position !== first + index) return undefined;
      befell = call;
      // The answer that opens a stream is not one that could be lost at its end.
      return fault === 'after' && call.startsWith('GET /interaction/') ? undefined : fault;
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        await by.volumes!.update({ uid: pod.uid, volume: 'config' }, filesOf(generation), never);
        break;
      } catch (error) {
        if (attempt === 4) throw error;
      }
    }
    proxy.decide = () => undefined;
    expect(await seen(), `${fault} ${befell}`).toBe(whole(generation));
    expect(index).toBeLessThan(60);
  }
  const key = `vick.files.${vch.vmOf(pod.uid)?.config.id ?? ''}`;
  expect(vch.state.kv.get(key)).toBeDefined();
  await by.remove(pod.uid, never);
  expect(vch.state.kv.get(key)).toBeUndefined();
}
