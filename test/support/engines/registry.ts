import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Unavailable } from './engine.ts';
import { becomes, onPath, run, startDaemon } from './process.ts';

export interface TestRegistry {
  /** `127.0.0.1:port` */
  readonly host: string;
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface RegistryUser {
  readonly username: string;
  readonly password: string;
}

/** Debian's docker-registry on a loopback port; with a user, nobody else gets anything. */
export async function startRegistry(user?: RegistryUser): Promise<TestRegistry | Unavailable> {
  const missing = ['docker-registry', ...(user === undefined ? [] : ['htpasswd'])].find((program) => !onPath(program));
  if (missing !== undefined) return { unavailable: `${missing} is not installed` };
  const folder = await mkdtemp(join(tmpdir(), 'vick-registry-'));
  const host = `127.0.0.1:${String(await freePort())}`;
  const auth = user === undefined ? '' : `auth:\n  htpasswd:\n    realm: test\n    path: ${join(folder, 'htpasswd')}\n`;
  if (user !== undefined) await writeFile(join(folder, 'htpasswd'), run('htpasswd', ['-Bbn', user.username, user.password]));
  const config = `version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n    rootdirectory: ${join(folder, 'data')}\nhttp:\n  addr: ${host}\n${auth}`;
  await writeFile(join(folder, 'config.yml'), config);
  const daemon = startDaemon('docker-registry', ['serve', join(folder, 'config.yml')], join(folder, 'log'));
  const answers = async (): Promise<boolean> => [200, 401].includes((await fetch(`http://${host}/v2/`)).status);
  await becomes(answers, daemon, 'docker-registry');
  return {
    host,
    stop: () => daemon.stop(),
    close: async () => {
      await daemon.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
