import { request } from 'node:https';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { systemRandom } from '../../../../src/platform/node/random.ts';
import { startControlPlane, type ControlPlane } from '../../../../src/sandbox/control-plane/server.ts';
import { testDefinitions } from '../../../support/control-plane-definitions.ts';

interface Identity {
  readonly certificate: string;
  readonly key: string;
}

let plane: ControlPlane;
let stranger: ControlPlane;
let admin: Identity;
let foreign: Identity;

beforeAll(async () => {
  const options = { clock: systemClock, random: systemRandom, definitions: testDefinitions };
  [plane, stranger] = await Promise.all([startControlPlane(options), startControlPlane(options)]);
  const identity = { user: 'root', groups: ['system:masters'] };
  [admin, foreign] = await Promise.all([plane.issueClientCertificate(identity), stranger.issueClientCertificate(identity)]);
});
afterAll(async () => {
  await Promise.all([plane.stop(), stranger.stop()]);
});

describe('a client certificate', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`counts only when it was sent and verified, also in a resumed session (${version})`, async () => {
      expect(await twice(version, undefined)).toEqual({ first: 403, second: 403 });
      expect(await twice(version, foreign)).toEqual({ first: 401, second: 401 });
      expect(await twice(version, admin)).toEqual({ first: 200, second: 200 });
    });

    it(`does not make a session without one an administrator's (${version})`, async () => {
      const anonymous = await visit({ minVersion: version, maxVersion: version });
      const resumed = await visit({ minVersion: version, maxVersion: version, session: anonymous.session, cert: foreign.certificate, key: foreign.key });
      expect([401, 403]).toContain(resumed.status);
    });
  }
});

/** The answers to a fresh connection and to one that resumes its session. */
async function twice(version: 'TLSv1.2' | 'TLSv1.3', identity: Identity | undefined): Promise<{ first: number; second: number }> {
  const options = { minVersion: version, maxVersion: version, ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }) };
  const first = await visit(options);
  const second = await visit({ ...options, session: first.session });
  expect(second.resumed).toBe(true);
  return { first: first.status, second: second.status };
}

async function visit(options: ConnectionOptions): Promise<{ status: number; session: Buffer | undefined; resumed: boolean }> {
  const { hostname, port } = new URL(plane.url);
  const socket = connect({ host: hostname, port: Number(port), ca: plane.caPem, ...options });
  let session: Buffer | undefined;
  socket.on('session', (ticket: Buffer) => (session = ticket));
  try {
    const status = await get(socket, '/api/v1/namespaces');
    return { status, session: session ?? socket.getSession(), resumed: socket.isSessionReused() };
  } finally {
    socket.destroy();
  }
}

function get(socket: TLSSocket, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    const outgoing = request({ createConnection: () => socket, path, headers: { Connection: 'close' } }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
