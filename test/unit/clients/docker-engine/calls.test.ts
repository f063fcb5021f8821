import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createContainerEngine } from '../../../../src/clients/docker-engine/containers-client.ts';
import { systemClock } from '../../../../src/platform/node/clock.ts';

const never = new AbortController().signal;

test('a call costs as little with hundreds of others under way', async () => {
  const waiting: ServerResponse[] = [];
  const server = createServer((_request, response) => waiting.push(response));
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const engine = createContainerEngine({ endpoint: { host: '127.0.0.1', port, tls: undefined }, clock: systemClock });
  try {
    const calls = Array.from({ length: 200 }, () => engine.info(never));
    await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(200);
    const before = process.cpuUsage();
    const more = Array.from({ length: 20 }, () => engine.info(never));
    const { user } = process.cpuUsage(before);
    await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(220);
    for (const response of waiting) response.end('{}');
    await Promise.all([...calls, ...more]);
    // Formatting two hundred sockets takes tens of milliseconds for each call.
    expect(user / 1000 / 20).toBeLessThan(8);
  } finally {
    engine.close();
    server.close();
  }
});
