import { X509Certificate } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import type { VchConfig, VchVm } from '../protocol.ts';
import { collectDiagnostics } from './diagnostics.ts';
import { acceptableAddress } from './docker-api.ts';
import { withVch, type Opening } from './existing.ts';
import { CommandFailure, type Invocation } from './io.ts';
import { formatBuild } from './build.ts';
import { showVch } from './result-block.ts';
import { longStatus } from './upgrade-status.ts';

export const INSPECT: Opening = { title: '### Inspecting VCH ####', verb: 'Inspect', outcome: 'inspect failed' };

/** `vic-machine inspect`. Throws CommandFailure. */
export async function inspect(run: Invocation): Promise<void> {
  const { log } = run;
  await withVch(run, INSPECT, async (site, vm) => {
    log.info('');
    log.info(`Installer version: ${formatBuild(run.build)}`);
    log.info(`VCH version: ${vm.config.version}`);
    log.info('');
    log.info('VCH upgrade status:');
    for (const line of longStatus(vm, run.build)) log.info(line);
    try {
      await showRunning(run, vm);
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      await collectDiagnostics(run, site.inventory);
      log.error(error.message);
      throw new CommandFailure(INSPECT.outcome);
    }
    log.info('Completed successfully');
  });
}

/** Addresses and docker settings of a VCH that runs. Says why and throws CommandFailure where it does not. */
export async function showRunning(run: Invocation, vm: VchVm, options: { readonly ssh?: boolean } = {}): Promise<void> {
  const { log } = run;
  const refuse = (reason: string) => {
    log.error(reason);
    return new CommandFailure(reason);
  };
  if (!vm.poweredOn) throw refuse('VCH is not powered on, state poweredOff');
  const clientIp = vm.guest?.clientIp;
  if (clientIp === undefined) throw refuse('No client IP address assigned');
  const { tls } = vm.config;
  const host = tls.mode === 'none' ? clientIp : await friendlyAddress(run, tls.certificate, clientIp);
  const certificateFolder = tls.mode === 'tls' && tls.clientCa !== undefined ? await findClientCertificates(run, vm.config, tls.clientCa) : undefined;
  const { dockerPort = 0, adminPort = 0 } = vm.guest ?? {};
  await showVch(run, { id: vm.id, config: vm.config, host, clientIp, dockerPort, adminPort, certificateFolder, ...options });
}

async function friendlyAddress({ log }: Invocation, certificate: string, clientIp: string): Promise<string> {
  const name = await acceptableAddress(certificate, clientIp);
  if (name !== undefined && name !== clientIp) {
    log.info(`Using address ${name} from host certificate for host address over assigned client IP ${clientIp}`);
    return name;
  }
  log.warn('Unable to identify address acceptable to host certificate, using assigned client IP as host address.');
  return clientIp;
}

async function findClientCertificates({ io, log, flags }: Invocation, config: VchConfig, clientCa: string): Promise<string | undefined> {
  const given = flags.text('tls-cert-path');
  const home = io.env['HOME'];
  const dockerFolder = home === undefined ? [] : [join(home, '.docker')];
  if (given === '') {
    log.info(
      `--tls-cert-path not supplied - checking for certs in current directory, ${config.name}/${dockerFolder.map((folder) => ` and ${folder}/`).join('')}`,
    );
  } else log.info(`--tls-cert-path supplied - only checking for certs in ${given}/`);
  const authority = new X509Certificate(clientCa).publicKey;
  for (const folder of given === '' ? [config.name, '.', ...dockerFolder] : [given]) {
    const text = await io.fs.readTextIfExists(join(isAbsolute(folder) ? folder : join(io.cwd, folder), 'cert.pem'));
    if (text === undefined) continue;
    try {
      if (new X509Certificate(text).verify(authority)) return folder;
    } catch {
      log.debug(`Unable to load client cert in ${folder}`);
    }
  }
  return undefined;
}
