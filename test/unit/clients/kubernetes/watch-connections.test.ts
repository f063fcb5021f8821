import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { connect } from '../../../../src/clients/kubernetes/connect.ts';
import { parseKubeconfig } from '../../../../src/clients/kubernetes/kubeconfig.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';

const WATCHES = 60;

it('answers requests however many watches are open', async () => {
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    if (request.url?.includes('watch=true') !== true) {
      response.end('{"kind":"Version"}');
      return;
    }
    open.add(response);
    response.write(`${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'x' } } })}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }] },
    ...{ clusters: [{ name: 'k', cluster: { server: `http://127.0.0.1:${String(port)}` } }], users: [{ name: 'u', user: { token: 't' } }] },
  };
  const api = await connect(await parseKubeconfig(JSON.stringify(kubeconfig), 'of the test', nodeFileSystem));
  const ending = new AbortController();
  const first: Promise<unknown>[] = [];
  const watching = Array.from({ length: WATCHES }, () => {
    const events = api.watch({ method: 'GET', path: '/api/v1/pods', query: { watch: true } }, ending.signal)[Symbol.asyncIterator]();
    first.push(events.next());
    return events;
  });
  try {
    await Promise.all(first);
    expect(open.size).toBe(WATCHES);
    await expect(api.request({ method: 'GET', path: '/version', timeoutMs: 5_000 })).resolves.toEqual({ kind: 'Version' });
  } finally {
    ending.abort(new Error('the test is over'));
    await Promise.all(watching.map((events) => events.next().catch(() => undefined)));
    await api.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
