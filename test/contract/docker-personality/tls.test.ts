import { request } from 'node:https';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/platform/log.ts';
import { createAuthority } from '../../../src/sandbox/certificates.ts';
import { createRegistry } from '../../../src/sandbox/vch/catalogue.ts';
import { startPersonality, type RunningPersonality } from '../../../src/sandbox/vch/personality/personality.ts';
import { startRecordedVch, type RecordedVch } from '../../support/recorded-vch.ts';

describe('sessions through TLS', () => {
  let vch: RecordedVch;
  let personality: RunningPersonality;
  let client: { readonly ca: string; readonly cert: string; readonly key: string };
  beforeAll(async () => {
    vch = await startRecordedVch({ simulatedVsphere: false });
    const now = Date.now();
    const authority = await createAuthority({ commonName: 'vch', now });
    const server = await authority.issueServer({ commonName: 'vch', names: ['127.0.0.1'], now });
    const issued = await authority.issueClient({ commonName: 'docker', organizations: [], now });
    client = { ca: authority.certificate, cert: issued.certificate, key: issued.key };
    personality = await startPersonality({
      ...{ state: vch.portLayer.state, portLayer: 'none', registry: createRegistry(), host: '127.0.0.1', port: 0, log: silentLog },
      tls: { mode: 'tls', certificate: server.certificate, key: server.key, clientCa: authority.certificate },
    });
  });
  afterAll(async () => {
    await personality.stop();
    await vch.stop();
  });

  const send = (method: string, path: string, headers: Record<string, string>, body?: unknown) => {
    const bytes = body === undefined ? '' : JSON.stringify(body);
    const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const outgoing = request({
      host: '127.0.0.1',
      port: personality.port,
      method,
      path,
      headers: { ...headers, ...json, 'Content-Length': Buffer.byteLength(bytes) },
      agent: false,
      ...client,
    });
    outgoing.end(bytes);
    return outgoing;
  };
  const call = (method: string, path: string, body?: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      send(method, path, {}, body)
        .on('error', reject)
        .on('response', (incoming) => void text(incoming).then((found) => resolve(found === '' ? undefined : JSON.parse(found)), reject));
    });
  const takeOver = (path: string, body?: unknown): Promise<Duplex> =>
    new Promise((resolve, reject) => {
      send('POST', path, { Connection: 'Upgrade', Upgrade: 'tcp' }, body)
        .on('error', reject)
        .on('upgrade', (_incoming, socket, head) => {
          if (head.length > 0) socket.unshift(head);
          resolve(socket);
        });
    });

  it('carry input, its end, and output', async () => {
    await call('POST', '/containers/create?name=safe', { Image: 'busybox:latest', HostConfig: {}, Cmd: ['cat'], OpenStdin: true, Tty: false });
    const attached = await takeOver('/containers/safe/attach?stdin=1&stdout=1&stream=1');
    await call('POST', '/containers/safe/start');
    const { Id: id } = (await call('POST', '/containers/safe/exec', { Cmd: ['wc', '-c'], AttachStdin: true, AttachStdout: true, Tty: false })) as {
      Id: string;
    };
    const counted = await takeOver(`/exec/${id}/start`, { Detach: false, Tty: true });
    counted.end('x'.repeat(200_000));
    expect((await text(counted)).trim()).toBe('200000');
    attached.end('words');
    expect((await text(attached)).slice(8)).toBe('words');
  });
});
