/** A Kubernetes API of a few nodes, leases and pods over real HTTP: enough for commands that read and patch nodes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { connect } from '../../src/clients/kubernetes/connect.ts';
import { readKubeconfig } from '../../src/clients/kubernetes/kubeconfig.ts';
import type { KubernetesAccess } from '../../src/cli/deps.ts';
import { nodeFileSystem } from '../../src/platform/node/fs.ts';
import type { Lease, Node, Pod } from '../../src/platform/kubernetes-objects.ts';

type Mutable = {
  metadata: { name: string; resourceVersion: string; labels?: Record<string, string> } & Record<string, unknown>;
  spec: Record<string, unknown>;
} & Record<string, unknown>;

export interface SmallApiServer {
  readonly kubernetes: KubernetesAccess;
  readonly kubeconfigPath: string;
  /** Every request as `METHOD path?query`. */
  readonly requests: string[];
  node(name: string): Node;
  /** Runs before each PATCH is looked at; may change the node behind the client's back or answer itself. */
  beforePatch: ((name: string, change: (edit: (node: Mutable) => void) => void) => StatusAnswer | undefined) | undefined;
  /** Paths (prefixes) that answer 403. */
  readonly forbidden: Set<string>;
  close(): Promise<void>;
}

interface StatusAnswer {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

export interface Seed {
  readonly nodes: readonly Node[];
  readonly leases?: readonly Lease[];
  readonly pods?: readonly Pod[];
}

export async function startSmallApiServer(seed: Seed): Promise<SmallApiServer> {
  let version = 100;
  const nodes = new Map<string, Mutable>(seed.nodes.map((node) => [node.metadata?.name ?? '', withVersion(node, String((version += 1)))]));
  const requests: string[] = [];
  const forbidden = new Set<string>();
  const self = {} as { -readonly [K in keyof SmallApiServer]: SmallApiServer[K] };

  const edit = (name: string, change: (node: Mutable) => void): void => {
    const node = nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    change(node);
    node.metadata.resourceVersion = String((version += 1));
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://api');
    requests.push(`${request.method ?? ''} ${url.pathname}${decodeURIComponent(url.search)}`);
    const body = await readBody(request);
    if ([...forbidden].some((prefix) => url.pathname.startsWith(prefix))) {
      refuse(response, { code: 403, reason: 'Forbidden', message: `${url.pathname} is forbidden` });
      return;
    }
    const name = /^\/api\/v1\/nodes\/([^/]+)$/.exec(url.pathname)?.[1];
    if (name !== undefined) {
      const refusal = request.method === 'PATCH' ? self.beforePatch?.(name, (change) => edit(name, change)) : undefined;
      if (refusal !== undefined) {
        refuse(response, refusal);
        return;
      }
      const node = nodes.get(name);
      if (node === undefined) {
        refuse(response, { code: 404, reason: 'NotFound', message: `nodes "${name}" not found` });
        return;
      }
      if (request.method !== 'PATCH') {
        send(response, 200, node);
        return;
      }
      const patch = JSON.parse(body) as { metadata?: Record<string, unknown>; spec?: Record<string, unknown> };
      const { resourceVersion, labels } = (patch.metadata ?? {}) as { resourceVersion?: string; labels?: Record<string, string | null> };
      if (resourceVersion !== undefined && resourceVersion !== node.metadata.resourceVersion) {
        refuse(response, {
          code: 409,
          reason: 'Conflict',
          message: `Operation cannot be fulfilled on nodes "${name}": the object has been modified; please apply your changes to the latest version and try again`,
        });
        return;
      }
      if (url.searchParams.get('dryRun') !== 'All') {
        edit(name, (target) => {
          const merged = Object.entries({ ...target.metadata.labels, ...labels }).filter((entry): entry is [string, string] => entry[1] !== null);
          target.metadata.labels = Object.fromEntries(merged);
          Object.assign(target.spec, patch.spec ?? {});
        });
      }
      send(response, 200, node);
      return;
    }
    if (url.pathname === '/version') {
      send(response, 200, { major: '1', minor: '32', gitVersion: 'v1.32.2' });
      return;
    }
    if (url.pathname === '/api/v1/nodes') {
      const selector = url.searchParams.get('labelSelector');
      const [key = '', value = ''] = selector?.split('=') ?? [];
      const items = [...nodes.values()].filter((node) => selector === null || node.metadata.labels?.[key] === value);
      send(response, 200, { kind: 'NodeList', apiVersion: 'v1', items });
      return;
    }
    if (url.pathname === '/api/v1/pods') {
      const wanted = url.searchParams.get('fieldSelector')?.replace('spec.nodeName=', '');
      send(response, 200, { kind: 'PodList', apiVersion: 'v1', items: (seed.pods ?? []).filter((pod) => pod.spec?.nodeName === wanted) });
      return;
    }
    const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
    if (url.pathname === leases) {
      send(response, 200, { kind: 'LeaseList', items: seed.leases ?? [] });
      return;
    }
    const lease = (seed.leases ?? []).find((candidate) => `${leases}/${candidate.metadata?.name ?? ''}` === url.pathname);
    if (lease !== undefined) {
      send(response, 200, lease);
      return;
    }
    refuse(response, { code: 404, reason: 'NotFound', message: `${url.pathname} not found` });
  };

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = await mkdtemp(join(tmpdir(), 'vick-small-api-'));
  const kubeconfigPath = join(folder, 'config');
  await writeFile(kubeconfigPath, kubeconfigText(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`));
  Object.assign(self, {
    kubernetes: {
      readKubeconfig: ({ path, context }) =>
        readKubeconfig({
          explicitPath: path ?? kubeconfigPath,
          ...(context === undefined ? {} : { context }),
          env: {},
          homeDirectory: folder,
          cwd: folder,
          fs: nodeFileSystem,
        }),
      connect,
    } satisfies KubernetesAccess,
    kubeconfigPath,
    requests,
    forbidden,
    beforePatch: undefined,
    node: (name: string) => nodes.get(name) as unknown as Node,
    close: () => close(server, folder),
  } satisfies SmallApiServer);
  return self;
}

async function close(server: Server, folder: string): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
}

function withVersion(node: Node, resourceVersion: string): Mutable {
  const copy = structuredClone(node) as unknown as Mutable;
  return { ...copy, spec: { ...copy.spec }, metadata: { ...copy.metadata, resourceVersion } };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, { code, reason, message }: StatusAnswer): void {
  send(response, code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code });
}

function kubeconfigText(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'small',
    contexts: [{ name: 'small', context: { cluster: 'small', user: 'admin' } }],
    clusters: [{ name: 'small', cluster: { server } }],
    users: [{ name: 'admin', user: { token: 'not-a-secret-token' } }],
  });
}
