import { randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomes, onPath, removeWithMounts, run, startDaemon, type Daemon } from './process.ts';
import { clientOf, lacksRights, type TestEngine, type Unavailable } from './engine.ts';

/**
 * A dockerd with folders, socket and bridge of its own. It sets no packet filter: those rules stay behind when it ends, and
 * belong to another engine that may run here. So its containers reach each other and this machine, and nothing else.
 */
export async function startDockerd(): Promise<TestEngine | Unavailable> {
  const reason = lacksRights() ?? (['dockerd', 'containerd', 'runc', 'ip'].find((program) => !onPath(program)) ?? '').replace(/.+/, '$& is not installed');
  if (reason !== '') return { unavailable: reason };
  const folder = await mkdtemp(join(tmpdir(), 'vick-dockerd-'));
  const serial = randomBytes(2);
  const bridge = `vick${serial.toString('hex')}`;
  const socketPath = join(folder, 'docker.sock');
  let daemon: Daemon | undefined;

  const start = async (): Promise<void> => {
    const own = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid'), '--host', `unix://${socketPath}`];
    const network = ['--bridge', bridge, '--iptables=false', '--ip6tables=false', '--ip-masq=false'];
    daemon = startDaemon('dockerd', [...own, ...network, '--shutdown-timeout', '2', '--config-file', join(folder, 'daemon.json')], join(folder, 'log'));
    const client = clientOf({ socketPath });
    try {
      await becomes(() => client.ping(new AbortController().signal).then(() => true), daemon, 'dockerd');
    } finally {
      client.close();
    }
  };
  const stop = async (): Promise<void> => {
    await daemon?.stop();
    daemon = undefined;
  };
  const close = async (): Promise<void> => {
    await stop();
    run('ip', ['link', 'delete', bridge]);
    await removeWithMounts(folder);
  };

  await writeFile(join(folder, 'daemon.json'), '{}');
  try {
    run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  } catch (error) {
    await removeWithMounts(folder);
    return { unavailable: `no bridge can be made here: ${String(error)}` };
  }
  try {
    run('ip', ['addr', 'add', `10.${String(200 + ((serial[0] ?? 0) % 40))}.${String(serial[1])}.1/24`, 'dev', bridge]);
    run('ip', ['link', 'set', bridge, 'up']);
    await start();
  } catch (error) {
    await close();
    return { unavailable: String(error) };
  }
  return {
    name: 'docker',
    socketPath,
    start,
    stop,
    close,
    freeze: () => {
      const frozen = daemon;
      frozen?.signal('SIGSTOP');
      return () => frozen?.signal('SIGCONT');
    },
  };
}
