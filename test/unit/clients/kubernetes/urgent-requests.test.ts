import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createCluster } from '../../../../src/clients/kubernetes/cluster.ts';
import { connect } from '../../../../src/clients/kubernetes/connect.ts';
import { parseKubeconfig } from '../../../../src/clients/kubernetes/kubeconfig.ts';
import { silentLog } from '../../../../src/platform/log.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { systemRandom } from '../../../../src/platform/node/random.ts';

it('a heartbeat waits for no request that the server leaves without an answer', async () => {
  let silent = 0;
  let enough: () => void = () => undefined;
  const full = new Promise<void>((resolve) => (enough = resolve));
  const server = createServer((request, response) => {
    if (request.url?.includes('/pods/') !== true) response.end('{"metadata":{"name":"n"}}');
    else if ((silent += 1) === 16) enough();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const kubeconfig = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }] },
    clusters: [{ name: 'k', cluster: { server: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` } }],
    users: [{ name: 'u', user: { token: 't' } }],
  };
  const api = await connect(await parseKubeconfig(JSON.stringify(kubeconfig), 'of the test', nodeFileSystem));
  const cluster = createCluster(api, { clock: systemClock, random: systemRandom, log: silentLog });
  const ending = new AbortController();
  const writes = Array.from({ length: 100 }, (_, index) =>
    cluster.patchPodStatus({ namespace: 'default', name: `p${String(index)}`, uid: 'u' }, {}, ending.signal).catch(() => 'called off'),
  );
  try {
    await full;
    await expect(cluster.replaceLease({ metadata: { name: 'n' } }, ending.signal)).resolves.toMatchObject({ metadata: { name: 'n' } });
    await expect(cluster.patchNodeStatus('n', {}, ending.signal)).resolves.toMatchObject({ metadata: { name: 'n' } });
    expect(silent).toBe(16);
  } finally {
    ending.abort(new Error('the test is over'));
    expect(new Set(await Promise.all(writes))).toEqual(new Set(['called off']));
    await api.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
