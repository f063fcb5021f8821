/**
 * A world for the commands on VCHs: a vic-machine that plays recorded runs back as a real process, and a Kubernetes API
 * over real HTTPS that authenticates by certificate or token, answers access reviews, and lets a node join.
 */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TLSSocket } from 'node:tls';
import { run } from '../../src/cli/run.ts';
import { connect } from '../../src/clients/kubernetes/connect.ts';
import { readKubeconfig } from '../../src/clients/kubernetes/kubeconfig.ts';
import { nodeFileSystem } from '../../src/platform/node/fs.ts';
import { execaRunner } from '../../src/platform/node/runner.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { createAuthority, type Authority, type CertificatePair } from '../../src/sandbox/certificates.ts';
import { FakeClock } from './fake-clock.ts';
import { createFakeHost, type FakeHost } from './fake-deps.ts';

interface Call {
  readonly kind: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly config?: { readonly content: string; readonly mode: number };
}

export interface WorldOptions {
  readonly script?: Readonly<Record<string, readonly string[]>>;
  /** Names in the server certificate; default 127.0.0.1. */
  readonly serverNames?: readonly string[];
  /** The server certificate ended a day ago. */
  readonly serverExpired?: boolean;
  readonly terminal?: boolean;
  readonly answers?: readonly (string | boolean)[];
  readonly env?: Readonly<Record<string, string>>;
  readonly images?: boolean;
}

export interface World {
  readonly folder: string;
  readonly state: string;
  readonly fake: FakeHost;
  readonly api: Api;
  readonly authority: Authority;
  readonly kubeconfig: string;
  /** Runs `vick` with words; `--target`, account, vic-machine and kubeconfig come by environment. */
  readonly vick: (line: string, signal?: AbortSignal) => Promise<number>;
  readonly calls: (kind?: string) => Promise<readonly Call[]>;
  readonly exists: (path: string) => Promise<boolean>;
  writeKubeconfig(change: { readonly server?: string; readonly ca?: string; readonly user?: Readonly<Record<string, unknown>> }): Promise<void>;
  close(): Promise<void>;
}

interface ApiNode {
  metadata: { name: string; resourceVersion: string; labels: Record<string, string> };
  spec: Record<string, unknown>;
  status: { conditions: { type: string; status: string; reason?: string; message?: string; lastHeartbeatTime?: string }[]; nodeInfo?: Record<string, string> };
}

class Api {
  readonly requests: string[] = [];
  readonly reviews: string[] = [];
  /** `verb resource[/subresource]` that access reviews deny. */
  readonly denied = new Set<string>();
  readonly nodes = new Map<string, ApiNode>();
  pods: { metadata: { name: string; namespace: string }; spec: { nodeName: string }; status: { phase: string } }[] = [];
  /** The node that registers after so many looks at it, and is Ready after so many more. */
  joins: { name: string; registersAfter: number; readyAfter: number } | undefined;
  /** The next PATCHes of a node that answer 409. */
  conflicts = 0;
  failDeleteNode = false;
  /** `renewTime` of node leases. */
  readonly leases = new Map<string, string>();
  /** Called at each look at a node, before it is answered, with the number of the look. */
  onLook: ((look: number) => void) | undefined;
  private looks = 0;
  private version = 1;

  addNode(name: string, ready: boolean): void {
    this.nodes.set(name, {
      metadata: { name, resourceVersion: String((this.version += 1)), labels: {} },
      spec: {},
      status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', reason: ready ? 'KubeletReady' : 'Starting' }] },
    });
  }

  answer(method: string, path: string, query: URLSearchParams, body: string): readonly [number, unknown] {
    const review = path === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    if (!review) this.requests.push(`${method} ${path}`);
    if (path === '/version') return [200, { gitVersion: 'v1.32.2' }];
    if (review) return this.review(body);
    if (path === '/api/v1/nodes') return [200, { items: [...this.nodes.values()] }];
    if (path === '/api/v1/pods') return [200, { items: this.pods.filter((pod) => query.get('fieldSelector') === `spec.nodeName=${pod.spec.nodeName}`) }];
    const pod = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)$/.exec(path);
    if (pod !== null && method === 'DELETE') {
      this.pods = this.pods.filter((other) => other.metadata.name !== pod[2]);
      return [200, {}];
    }
    const lease = /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/kube-node-lease\/leases\/([^/]+)$/.exec(path)?.[1];
    const renewTime = this.leases.get(lease ?? '');
    if (renewTime !== undefined) return [200, { metadata: { name: lease }, spec: { holderIdentity: lease, renewTime } }];
    const name = /^\/api\/v1\/nodes\/([^/]+)$/.exec(path)?.[1];
    return name === undefined ? refusal(404, 'NotFound', `${path} not found`) : this.node(method, name, body);
  }

  private review(body: string): readonly [number, unknown] {
    const { verb, resource, subresource } = (JSON.parse(body) as { spec: { resourceAttributes: Record<string, string> } }).spec.resourceAttributes;
    const asked = `${verb ?? ''} ${resource ?? ''}${subresource === undefined ? '' : `/${subresource}`}`;
    this.reviews.push(asked);
    return [201, { status: { allowed: !this.denied.has(asked) } }];
  }

  private node(method: string, name: string, body: string): readonly [number, unknown] {
    if (method === 'GET') {
      this.looks += 1;
      this.onLook?.(this.looks);
    }
    if (method === 'GET' && this.joins?.name === name) {
      const { registersAfter, readyAfter } = this.joins;
      if (this.looks > registersAfter && !this.nodes.has(name)) this.addNode(name, false);
      if (this.looks > registersAfter + readyAfter) this.nodes.get(name)!.status.conditions[0]!.status = 'True';
    }
    const node = this.nodes.get(name);
    if (node === undefined) return refusal(404, 'NotFound', `nodes "${name}" not found`);
    if (method === 'DELETE') {
      if (this.failDeleteNode) return refusal(403, 'Forbidden', `nodes "${name}" is forbidden`);
      this.nodes.delete(name);
      return [200, {}];
    }
    if (method !== 'PATCH') return [200, node];
    if (this.conflicts > 0) {
      this.conflicts -= 1;
      return refusal(409, 'Conflict', 'the object has been modified');
    }
    const patch = JSON.parse(body) as { metadata?: { labels?: Record<string, string> }; spec?: Record<string, unknown> };
    Object.assign(node.metadata.labels, patch.metadata?.labels);
    Object.assign(node.spec, patch.spec);
    node.metadata.resourceVersion = String((this.version += 1));
    return [200, node];
  }
}

function refusal(code: number, reason: string, message: string): readonly [number, unknown] {
  return [code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code }];
}

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);
const DAY_MS = 24 * 3_600_000;
export const GOOD_TOKEN = 'token-of-the-administrator';

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'vick-vch-'));
  // The TLS stack of Node looks at the real clock, so certificates are valid by it.
  const real = Date.now();
  const authority = await createAuthority({ commonName: 'test-ca', now: real - 30 * DAY_MS });
  const names = options.serverNames ?? ['127.0.0.1'];
  const certificate = await authority.issueServer({
    commonName: 'apiserver',
    names,
    ...(options.serverExpired === true ? { now: real - 3 * DAY_MS, validDays: 1 } : { now: real }),
  });
  const api = new Api();
  const server = await listen(certificate, authority, api);
  const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfig = join(folder, 'kubeconfig');
  const state = join(folder, 'state');
  const bin = await installVicMachine(folder, options);
  const clock = instantClock();
  const access = (path: string | undefined, context: string | undefined) =>
    readKubeconfig({
      explicitPath: path ?? kubeconfig,
      ...(context === undefined ? {} : { context }),
      env: {},
      homeDirectory: folder,
      cwd: folder,
      fs: nodeFileSystem,
    });
  const env = {
    PATH: process.env['PATH'] ?? '',
    FAKE_VIC_MACHINE: folder,
    VICK_VIC_MACHINE: bin,
    VICK_STATE_DIR: state,
    VICK_TARGET: '127.0.0.1:8989',
    VICK_USER: 'root',
    VICK_PASSWORD: 'secret-of-vsphere',
    ...options.env,
  };
  const fake = createFakeHost({
    terminal: options.terminal ?? false,
    answers: options.answers ?? [],
    env,
    host: {
      cwd: folder,
      homeDirectory: folder,
      clock,
      runner: execaRunner,
      kubernetes: { readKubeconfig: ({ path, context }) => access(path, context), connect },
    },
  });
  const world: World = {
    folder,
    state,
    fake,
    api,
    authority,
    kubeconfig,
    vick: (line, signal) => run(line.split(' '), fake.host, signal),
    calls: async (kind) => {
      const text = await readFile(join(folder, 'calls.jsonl'), 'utf8').catch(() => '');
      const all = text.split('\n').flatMap((entry) => (entry === '' ? [] : [JSON.parse(entry) as Call]));
      return kind === undefined ? all : all.filter((call) => call.kind === kind);
    },
    exists: async (path) => (await stat(path).catch(() => undefined)) !== undefined,
    writeKubeconfig: ({ server: other, ca, user }) =>
      writeFile(kubeconfig, kubeconfigText(other ?? address, ca ?? authority.certificate, user ?? { token: GOOD_TOKEN })),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
  await world.writeKubeconfig({});
  return world;
}

/** Stands at the fake time, and sleeping is what moves it. */
function instantClock(): Clock {
  const clock = new FakeClock(NOW);
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    schedule: (ms, callback) => clock.schedule(ms, callback),
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      await clock.advance(ms);
      signal?.throwIfAborted();
    },
  };
}

async function installVicMachine(folder: string, options: WorldOptions): Promise<string> {
  await writeFile(join(folder, 'script.json'), JSON.stringify({ ls: ['ls-empty'], ...options.script }));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  if (options.images ?? true) {
    await writeFile(join(bin, 'appliance-vkubelet.iso'), '');
    await writeFile(join(bin, 'bootstrap.iso'), '');
  }
  const path = join(bin, 'vic-machine-linux');
  const real = fileURLToPath(new URL('../fixtures/bin/fake-vic-machine.mjs', import.meta.url));
  await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${real}' "$@"\n`, { mode: 0o755 });
  return path;
}

async function listen(certificate: CertificatePair, authority: Authority, api: Api): Promise<Server> {
  const server = createServer(
    { cert: certificate.certificate, key: certificate.key, ca: authority.certificate, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      void serve(request, response, api);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function serve(request: IncomingMessage, response: ServerResponse, api: Api): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'https://api');
  const accepted = request.headers.authorization === `Bearer ${GOOD_TOKEN}` || hasCertificate(request.socket as Partial<TLSSocket>);
  const [code, body] = accepted
    ? api.answer(request.method ?? '', url.pathname, url.searchParams, Buffer.concat(chunks).toString('utf8'))
    : refusal(401, 'Unauthorized', 'Unauthorized');
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** `authorized` alone is also true of a resumed session that never had a certificate. */
function hasCertificate(socket: Partial<TLSSocket>): boolean {
  return socket.authorized === true && Object.keys(socket.getPeerCertificate?.() ?? {}).length > 0;
}

function kubeconfigText(server: string, ca: string, user: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'prod',
    contexts: [{ name: 'prod', context: { cluster: 'prod', user: 'admin' } }],
    clusters: [{ name: 'prod', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: 'admin', user }],
  });
}
