import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connect } from '../../../../src/clients/kubernetes/connect.ts';
import { readKubeconfig } from '../../../../src/clients/kubernetes/kubeconfig.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';

it('sends the token that the file holds at each request, and the last one known while there is no file', async () => {
  const sent: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    sent.push(request.headers.authorization);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = await mkdtemp(join(tmpdir(), 'vick-token-'));
  try {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'first-token\n');
    const path = join(folder, 'config');
    const cluster = { server: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
    const contexts = [{ name: 'c', context: { cluster: 'c', user: 'u' } }];
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      contexts,
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { tokenFile: 'token' } }],
    };
    await writeFile(path, JSON.stringify(config));
    const api = await connect(await readKubeconfig({ explicitPath: path, env: {}, homeDirectory: folder, cwd: '/', fs: nodeFileSystem }));
    const ask = () => api.request({ method: 'GET', path: '/version' });
    await ask();
    await writeFile(tokenFile, 'second-token\n');
    await ask();
    await unlink(tokenFile);
    await ask();
    await api.close();
    expect(sent).toEqual(['Bearer first-token', 'Bearer second-token', 'Bearer first-token']);
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
});
