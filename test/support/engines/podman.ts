import { randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientOf, lacksRights, type TestEngine, type Unavailable } from './engine.ts';
import { becomes, endProcessesOf, onPath, removeWithMounts, run, startDaemon, type Daemon } from './process.ts';

/** A Podman service with folders, socket, locks and network of its own. */
export async function startPodman(): Promise<TestEngine | Unavailable> {
  const reason = lacksRights() ?? (['podman', 'runc', 'conmon', 'iptables'].find((program) => !onPath(program)) ?? '').replace(/.+/, '$& is not installed');
  if (reason !== '') return { unavailable: reason };
  const folder = await mkdtemp(join(tmpdir(), 'vick-podman-'));
  const serial = randomBytes(2);
  const bridge = `vickp${serial.toString('hex')}`;
  const subnet = `10.${String(160 + ((serial[0] ?? 0) % 40))}.${String(serial[1])}`;
  const socketPath = join(folder, 'podman.sock');
  const ruled = filterRules();
  let daemon: Daemon | undefined;

  // Ulimits: the default asks for more than every process may have. runc: crun fails where both versions of cgroups are mounted.
  const settings = [
    '[containers]',
    'default_ulimits = []',
    '[engine]',
    'runtime = "runc"',
    'events_logger = "file"',
    'cgroup_manager = "cgroupfs"',
    'lock_type = "file"',
  ];
  const network = ['[network]', `network_config_dir = "${join(folder, 'networks')}"`, 'default_network = "podman"', `default_subnet = "${subnet}.0/24"`];
  await writeFile(join(folder, 'containers.conf'), [...settings, ...network, ''].join('\n'));
  await writeFile(join(folder, 'registries.conf'), '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n');
  const env = { HOME: folder, CONTAINERS_CONF: join(folder, 'containers.conf'), CONTAINERS_REGISTRIES_CONF: join(folder, 'registries.conf') };
  const own = [
    '--root',
    join(folder, 'root'),
    '--runroot',
    join(folder, 'run'),
    '--tmpdir',
    join(folder, 'tmp'),
    '--network-config-dir',
    join(folder, 'networks'),
  ];

  const start = async (): Promise<void> => {
    daemon = startDaemon('podman', [...own, 'system', 'service', '--time=0', `unix://${socketPath}`], join(folder, 'log'), env);
    const client = clientOf({ socketPath });
    try {
      await becomes(() => client.ping(new AbortController().signal).then(() => true), daemon, 'podman');
    } finally {
      client.close();
    }
  };
  const stop = async (): Promise<void> => {
    await daemon?.stop(5_000);
    daemon = undefined;
  };
  const close = async (): Promise<void> => {
    // It removes in any order, and nothing that others depend on: the second time those are gone.
    const all = ['rm', '--all', '--force', '--time', '0'];
    try {
      run('podman', [...own, ...all], env);
    } catch {
      run('podman', [...own, ...all], env);
    }
    await stop();
    await endProcessesOf(folder);
    try {
      run('ip', ['link', 'delete', bridge]);
    } catch {
      // It goes with the last container.
    }
    // Chains of Podman's network that were not here before, or that nobody uses.
    if (!ruled.includes('NETAVARK')) removeChains();
    await removeWithMounts(folder);
  };

  try {
    const definition = { name: 'podman', driver: 'bridge', network_interface: bridge, subnets: [{ subnet: `${subnet}.0/24`, gateway: `${subnet}.1` }] };
    const rest = {
      id: randomBytes(32).toString('hex'),
      created: '2020-01-01T00:00:00Z',
      ipv6_enabled: false,
      internal: false,
      dns_enabled: false,
      ipam_options: { driver: 'host-local' },
    };
    run('mkdir', ['-p', join(folder, 'networks')]);
    await writeFile(join(folder, 'networks', 'podman.json'), JSON.stringify({ ...definition, ...rest }));
    await start();
  } catch (error) {
    await close();
    return { unavailable: String(error) };
  }
  return {
    name: 'podman',
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

function filterRules(): string {
  return ['filter', 'nat'].map((table) => run('iptables', ['-t', table, '-S'])).join('');
}

function removeChains(): void {
  for (const table of ['filter', 'nat']) {
    const rules = run('iptables', ['-t', table, '-S'])
      .split('\n')
      .filter((rule) => rule.includes('NETAVARK'));
    // Rules that name a chain first, then the chains.
    for (const rule of rules.filter((one) => one.startsWith('-A '))) run('sh', ['-c', `iptables -t ${table} -D ${rule.slice(3)}`]);
    for (const rule of rules.filter((one) => one.startsWith('-N '))) run('iptables', ['-t', table, '-X', rule.slice(3)]);
  }
}
