import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { silentLog } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { createCertificate, type CertificatePair } from '../certificates.ts';
import type { VchHost } from '../vch/host.ts';
import { VSphereFault, invalidLogin, noPermission, notAuthenticated } from './faults.ts';
import { guestinfo } from './guestinfo.ts';
import { vcenterInventory, type Inventory } from './inventory.ts';
import { API_PATH, SESSION_HEADER, type CallName, type Calls, type Fault, type VchVm } from './protocol.ts';
import { VSphereState } from './state.ts';

interface VSphereUser {
  readonly name: string;
  readonly password: string;
  /** Calls this account lacks the privilege for. */
  readonly denied?: readonly CallName[];
}

export interface VSphereOptions {
  /** Boots the endpoint VMs. */
  readonly host: VchHost;
  readonly users: readonly VSphereUser[];
  /** Existing folder for the endpoint VMs' files. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log;
  /** Default: a vCenter with datacenter DC0, cluster DC0_C0, datastore LocalDS_0 and port groups DC0_DVPG0 to 2. */
  readonly inventory?: Inventory;
  /** Default 127.0.0.1 and a free port. */
  readonly listen?: { readonly host?: string; readonly port?: number };
  /** Default: a new self-signed one, so that clients need its thumbprint. */
  readonly certificate?: CertificatePair;
}

/** A running stand-in for a vCenter or an ESXi host. */
export interface VSphere {
  /** `127.0.0.1:PORT`: what to give as --target. */
  readonly address: string;
  /** SHA-1 of the certificate, upper-case pairs with colons: what to give as --thumbprint. */
  readonly thumbprint: string;
  /** VCHs as they are now, half-made ones included. */
  vms(): readonly VchVm[];
  /** Advanced settings of an endpoint VM; undefined when there is no such VM. */
  guestinfo(id: string): Readonly<Record<string, string>> | undefined;
  /** Volume stores that delete --force removed. */
  deletedVolumeStores(): readonly { readonly datastore: string; readonly path: string }[];
  /** Leaves the VCH of that name as an update that died would: marked as being updated. */
  markInProgress(name: string): void;
  /** Powers everything off and stops listening. Idempotent. */
  close(): Promise<void>;
}

const MAX_BODY = 4 * 1024 * 1024;

/** Starts the stand-in; resolves when it listens. */
export async function startVSphere(options: VSphereOptions): Promise<VSphere> {
  const { clock, random, users, listen = {}, log = silentLog } = options;
  const host = listen.host ?? '127.0.0.1';
  const certificate =
    options.certificate ??
    (await createCertificate({
      commonName: 'localhost',
      organizations: ['vick sandbox'],
      rsaBits: 2048,
      use: 'server',
      names: ['localhost', host],
      now: clock.now(),
    }));
  const state = new VSphereState({ ...options, inventory: options.inventory ?? vcenterInventory() });
  const sessions = new Map<string, VSphereUser>();

  const answer = async (call: CallName, input: unknown, session: string | undefined): Promise<unknown> => {
    if (call === 'Login') {
      const { user, password } = input as Calls['Login']['in'];
      const account = users.find((candidate) => candidate.name === user && candidate.password === password);
      if (account === undefined) throw invalidLogin();
      const id = random.hex(16);
      sessions.set(id, account);
      return { session: id };
    }
    const account = session === undefined ? undefined : sessions.get(session);
    if (account === undefined) throw notAuthenticated();
    if (account.denied?.includes(call) === true) throw noPermission();
    const handler = state.handlers[call] as (input: unknown) => unknown;
    return await handler(input);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = (request.url ?? '').startsWith(API_PATH) ? (request.url ?? '').slice(API_PATH.length) : '';
    if (request.method !== 'POST' || (call !== 'Login' && !Object.hasOwn(state.handlers, call))) {
      reply(response, 404, { fault: 'NotFound', message: 'The sandbox speaks only to its own vic-machine, not the vSphere API.' } satisfies Fault);
      return;
    }
    try {
      const header = request.headers[SESSION_HEADER];
      reply(response, 200, await answer(call as CallName, await readJson(request), typeof header === 'string' ? header : undefined));
    } catch (error) {
      const fault = error instanceof VSphereFault ? error : new VSphereFault('SystemError', error instanceof Error ? error.message : String(error));
      log.info('call refused', { call, fault: fault.fault, reason: fault.message });
      reply(response, 500, { fault: fault.fault, message: fault.message } satisfies Fault);
    }
  };

  const server = createServer({ cert: certificate.certificate, key: certificate.key }, (request, response) => {
    void serve(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port ?? 0, host, resolve);
  });
  let closing: Promise<void> | undefined;
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
    await state.shutDown();
  };
  return {
    address: `${host}:${String((server.address() as AddressInfo).port)}`,
    thumbprint: new X509Certificate(certificate.certificate).fingerprint,
    vms: () => state.list(),
    guestinfo: (id) => {
      const vm = state.list().find((candidate) => candidate.id === id);
      return vm === undefined ? undefined : guestinfo(vm.config);
    },
    deletedVolumeStores: () => state.deletedVolumeStores,
    markInProgress: (name) => state.markInProgress(name),
    close: () => (closing ??= close()),
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new VSphereFault('InvalidRequest', 'The request is too large.');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new VSphereFault('InvalidRequest', 'The request is not JSON.');
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
