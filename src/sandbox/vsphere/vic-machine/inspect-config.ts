import type { VchVm } from '../protocol.ts';
import { flagsOf } from './commands.ts';
import { withVch } from './existing.ts';
import { INSPECT } from './inspect.ts';
import type { Invocation } from './io.ts';

/** `vic-machine inspect config`. Throws CommandFailure. */
export async function inspectConfig(run: Invocation): Promise<void> {
  const { log, flags, io } = run;
  const format = flags.text('format');
  if (format === 'raw') log.redirect('stderr', 'error');
  else if (format !== 'verbose') {
    log.warn(`Invalid configuration output format '${format}'. Valid options are raw, verbose.`);
    log.warn('Using verbose configuration format');
  }
  await withVch(run, INSPECT, (_site, vm) => {
    const options = createOptions(run, vm);
    if (format === 'raw') io.stdout.write(`${options.join(' ')}\n`);
    else {
      log.info('');
      log.info(`The target VCH is configured with the following options: \n\n\t${options.join('\n\t')}\n`);
    }
    return Promise.resolve();
  });
}

/** The flags that would make this VCH again, in the order of create's help; what equals a default is left out, and so are TLS and Kubernetes. */
function createOptions({ build }: Invocation, vm: VchVm): readonly string[] {
  const { config } = vm;
  const { bridge, client, management, public: publicNetwork } = config.networks;
  const values: Record<string, readonly string[]> = {
    ...config.options,
    target: [config.target],
    thumbprint: [config.thumbprint],
    name: [config.name],
    'compute-resource': [vm.poolPath.endsWith(`/Resources/${vm.name}`) ? vm.poolPath.slice(0, -vm.name.length - 1) : vm.poolPath],
    'ops-user': [config.opsUser],
    'image-store': [config.imageStore],
    'volume-store': config.volumeStores.map(({ scheme, host, path, label }) => `${scheme}://${host}${path.startsWith('/') ? '' : '/'}${path}:${label}`),
    'bridge-network': [bridge],
    'public-network': [publicNetwork],
    ...(client === publicNetwork ? {} : { 'client-network': [client] }),
    ...(management === client ? {} : { 'management-network': [management] }),
    ...(config.debug === 0 ? {} : { debug: [String(config.debug)] }),
  };
  return flagsOf('create', build).flatMap(({ name, default: fallback }) =>
    (values[name] ?? []).filter((value) => value !== (fallback ?? '')).map((value) => `--${name}=${value}`),
  );
}
