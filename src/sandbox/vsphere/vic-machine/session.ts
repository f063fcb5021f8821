import { Agent, request } from 'node:https';
import { connect, TLSSocket } from 'node:tls';
import { VSphereFault } from '../faults.ts';
import { API_PATH, SESSION_HEADER, type CallName, type Calls, type Fault } from '../protocol.ts';
import { certificateReason, dialReason } from './go-errors.ts';
import { CommandFailure, type Invocation } from './io.ts';
import type { Target } from './target.ts';

/** A login to the vSphere stand-in. */
export interface Session {
  readonly target: Target;
  /** The one that was given, or that of the certificate that --force accepted. */
  readonly thumbprint: string;
  /** Throws VSphereFault for a refused call. */
  readonly call: <Name extends CallName>(name: Name, input: Calls[Name]['in']) => Promise<Calls[Name]['out']>;
  close(): void;
}

interface Peer {
  readonly thumbprint: string;
  /** Node's code for why the certificate does not verify. */
  readonly problem: string | undefined;
}

/**
 * Checks the certificate, connects and logs in, with the real program's words for every failure. `acceptAny`: --force without a thumbprint.
 * Throws CommandFailure.
 */
export async function openSession(run: Invocation, target: Target, options: { readonly acceptAny: boolean }): Promise<Session> {
  const place = run.io.dial?.(target.name, target.port) ?? { host: target.name, port: target.port };
  const thumbprint = target.thumbprint === '' ? await trustedThumbprint(run, target, place, options.acceptAny) : target.thumbprint;
  run.log.debug(`Creating VMOMI session with thumbprint ${thumbprint}`);
  const url = `${target.scheme}://${target.host}`;
  const failed = (reason: string) => new CommandFailure(`Failed to connect to ${target.host}: Post "${url}/sdk": ${reason}`);
  // A resumed TLS session shows no certificate to compare with the thumbprint, so every connection shakes hands in full.
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false, maxCachedSessions: 0 });
  let id = '';
  const session: Session = {
    target,
    thumbprint,
    close: () => agent.destroy(),
    call: async (name, input) => {
      const answer = await post({ ...place, agent, path: `${API_PATH}${name}`, session: id, body: JSON.stringify(input), thumbprint, signal: run.signal });
      if (answer.kind === 'stranger') throw failed(`Host "${target.host}" thumbprint does not match "${thumbprint}"`);
      if (answer.status === 200) return answer.body as never;
      const fault = answer.body as Partial<Fault>;
      throw new VSphereFault(fault.fault ?? 'SystemError', fault.message ?? `unexpected status ${String(answer.status)}`);
    },
  };
  try {
    id = (await session.call('Login', { user: target.user, password: target.password })).session;
  } catch (error) {
    session.close();
    if (run.signal.aborted) throw error;
    if (error instanceof VSphereFault) throw new CommandFailure(`Failed to log in to ${target.host}: ${error.message}`);
    if (error instanceof CommandFailure) throw error;
    throw failed(dialReason(error, place));
  }
  return session;
}

async function trustedThumbprint(run: Invocation, target: Target, place: { host: string; port: number }, acceptAny: boolean): Promise<string> {
  let peer: Peer;
  try {
    peer = await inspectPeer(target.name, place, run.signal);
  } catch (error) {
    if (run.signal.aborted) throw error;
    throw new CommandFailure(dialReason(error, place));
  }
  if (peer.problem === undefined || acceptAny) {
    run.log.debug(`Accepting host "${target.host}" thumbprint ${peer.thumbprint}`);
    return peer.thumbprint;
  }
  run.log.error(`Failed to verify certificate for target=${target.host} (thumbprint=${peer.thumbprint})`);
  throw new CommandFailure(certificateReason(peer.problem, target.name));
}

function inspectPeer(name: string, place: { host: string; port: number }, signal: AbortSignal): Promise<Peer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...place, rejectUnauthorized: false, ...(/[A-Za-z]/.test(name) ? { servername: name } : {}) });
    const abort = () => socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('secureConnect', () => {
      const problem = socket.authorized ? undefined : (socket.authorizationError as (Error & { code?: string }) | string | undefined);
      resolve({ thumbprint: socket.getPeerCertificate().fingerprint, problem: typeof problem === 'object' ? (problem.code ?? problem.message) : problem });
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      signal.removeEventListener('abort', abort);
      reject(new Error('EOF'));
    });
  });
}

interface PostOptions {
  readonly host: string;
  readonly port: number;
  readonly agent: Agent;
  readonly path: string;
  readonly session: string;
  readonly body: string;
  readonly thumbprint: string;
  readonly signal: AbortSignal;
}

type PostResult = { readonly kind: 'answer'; readonly status: number; readonly body: unknown } | { readonly kind: 'stranger' };

/** Sends the request body only to a peer with the expected certificate. */
function post(options: PostOptions): Promise<PostResult> {
  const { host, port, agent, path, session, body, thumbprint, signal } = options;
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...(session === '' ? {} : { [SESSION_HEADER]: session }) };
    const outgoing = request({ host, port, agent, path, method: 'POST', headers, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        try {
          resolve({ kind: 'answer', status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown });
        } catch {
          reject(new Error('malformed HTTP response'));
        }
      });
    });
    outgoing.once('error', reject);
    outgoing.once('socket', (socket) => {
      const check = () => {
        if (socket instanceof TLSSocket && socket.getPeerCertificate().fingerprint === thumbprint) outgoing.end(body);
        else {
          resolve({ kind: 'stranger' });
          outgoing.destroy();
        }
      };
      if (socket.connecting || !outgoing.reusedSocket) socket.once('secureConnect', check);
      else check();
    });
  });
}
