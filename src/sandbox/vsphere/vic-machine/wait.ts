import type { Guest, VchConfig } from '../protocol.ts';
import { acceptableAddress, askDocker } from './docker-api.ts';
import { quote } from './go-text.ts';
import type { Invocation } from './io.ts';
import type { Session } from './session.ts';
import type { CertificatePair } from '../../certificates.ts';

/** Where the endpoint VM turned out to be. */
export interface Endpoint {
  readonly host: string;
  readonly guest: Guest & { readonly clientIp: string };
}

export interface WaitOptions {
  readonly session: Session;
  readonly id: string;
  readonly config: VchConfig;
  readonly client?: CertificatePair;
  /** Aborts when --timeout is over. */
  readonly deadline: AbortSignal;
}

/** The clock of --timeout ran out, or a step of the wait failed; `host` is known once there is an address. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
  readonly host: string | undefined;

  constructor(message: string, host?: string) {
    super(message);
    this.host = host;
  }
}

const POLL_MS = 200;
const DOCKER_POLL_MS = 1000;

/** Waits for an address, the components and the Docker API (vmware/vic lib/install/management/appliance.go). Throws NotReady. */
export async function waitForService(run: Invocation, options: WaitOptions): Promise<Endpoint> {
  const { log } = run;
  const { config, session } = options;
  const guest = await waitForAddress(run, options);
  log.info(`Obtained IP address for client interface: ${quote(guest.clientIp)}`);
  log.info('Checking VCH connectivity with vSphere target');
  const target = `${session.target.scheme}://${session.target.host}`;
  if (guest.vsphereReachable) log.info(`vSphere API Test: ${target} vSphere API target responds as expected`);
  else log.warn(`vSphere API Test: ${target} vSphere API target failed to respond to the query`);
  const host = await checkDocker(run, options, config, guest);
  return { host, guest };
}

async function waitForAddress(run: Invocation, { session, id, config, deadline }: WaitOptions): Promise<Endpoint['guest']> {
  const { log, io } = run;
  log.info('Waiting for IP information');
  for (;;) {
    const { guest } = await session.call('RetrieveGuest', { id });
    if (guest.failure !== undefined) throw new NotReady(`Failed to get IP address information from appliance: ${guest.failure}`);
    if (guest.clientIp !== undefined) {
      log.info('Waiting for major appliance components to launch');
      for (const { name, started, error } of guest.components) {
        if (!started) log.error(`  Component did not launch successfully - ${name}: ${error ?? 'unknown error'}`);
      }
      return { ...guest, clientIp: guest.clientIp };
    }
    if (!(await pause(run, POLL_MS, deadline))) break;
  }
  const noise = deadlineNoise('vic/lib/install/management.(*Dispatcher).ensureApplianceInitializes', io.program);
  log.error(noise);
  log.error(noise);
  log.info('');
  log.error('Failed to obtain IP address for client interface');
  log.info('Use vic-machine inspect to see if VCH has received an IP address at a later time');
  log.info('  State of all interfaces:');
  for (const role of ['bridge', 'client', 'management', 'public']) log.info(`    "${role}" IP: "waiting for IP"`);
  log.info('  State of components:');
  const kubelet = config.kubelet === undefined ? [] : ['kubelet-starter'];
  for (const name of ['docker-personality', ...kubelet, 'port-layer', 'vicadmin']) log.info(`    "${name}": "waiting to launch"`);
  throw new NotReady('Failed to obtain IP address for client interface (timed out)');
}

async function checkDocker(run: Invocation, options: WaitOptions, config: VchConfig, guest: Endpoint['guest']): Promise<string> {
  const { log, io } = run;
  const { tls } = config;
  const verified = tls.mode === 'tls' && tls.clientCa !== undefined;
  const accepted = tls.mode === 'tls' && verified ? await acceptableAddress(tls.certificate, guest.clientIp) : guest.clientIp;
  const host = accepted ?? guest.clientIp;
  // Without a client certificate, or with a name that leads elsewhere, a TLS error proves that something answers.
  const expected = verified && (options.client === undefined || accepted === undefined);
  const failed = (reason: string) => {
    log.info(`Docker API endpoint check failed: ${reason}`);
    return new NotReady(`Docker API endpoint check failed: ${reason}`, host);
  };
  for (;;) {
    if (options.deadline.aborted) break;
    const endpoint = { host, port: guest.dockerPort ?? 0, tls, ...(options.client === undefined ? {} : { client: options.client }) };
    const answer = guest.dockerReachable
      ? await askDocker(endpoint, AbortSignal.any([run.signal, options.deadline])).catch((error: unknown) => {
          if (run.signal.aborted || !options.deadline.aborted) throw error;
          return { kind: 'not-yet', reason: 'context deadline exceeded' } as const;
        })
      : ({ kind: 'not-yet', reason: 'connection refused' } as const);
    if (answer.kind === 'info') {
      reportVolumeStores(run, config, guest.volumeStoresOnline ? answer.info.volumeStores : []);
      if (answer.info.running) return host;
    } else if (answer.kind === 'not-yet') log.debug(answer.reason);
    else {
      const message = {
        'name-mismatch': `Server certificate hostname doesn't match: ${answer.reason}`,
        'unknown-authority': `Unable to validate server certificate with configured CAs (unknown CA): ${answer.reason}`,
        rejected: `Expected TLS error without access to client certificate, received error: ${answer.reason}`,
      }[answer.kind];
      if (expected) {
        log.warn(message);
        return host;
      }
      log.error(answer.kind === 'rejected' ? `Connection failed with error: ${answer.reason}` : message);
      throw failed(answer.kind === 'rejected' ? `failed to connect to https://${host}:${String(guest.dockerPort)}/info: ${answer.reason}` : answer.reason);
    }
    if (!(await pause(run, DOCKER_POLL_MS, options.deadline))) break;
  }
  log.error(deadlineNoise('vic/lib/install/management.(*Dispatcher).CheckDockerAPI', io.program));
  throw failed('context deadline exceeded');
}

function reportVolumeStores({ log }: Invocation, { volumeStores }: VchConfig, online: readonly string[]): void {
  const missing = volumeStores.filter(({ label }) => !online.includes(label));
  for (const { label } of missing) {
    log.error(`VolumeStore (${label}) cannot be brought online - check network, nfs server, and --volume-store configurations`);
  }
  if (missing.length > 0) log.error('Not all configured volume stores are online - check port layer log via vicadmin');
}

/** The line with Go function names that every look at an expired context leaves. */
export function deadlineNoise(where: string, program: string): string {
  const name = program.split('/').pop() ?? program;
  return `${where}: Create error: context deadline exceeded\nvic/cmd/vic-machine/create.(*Create).Run:725 Create\nvic/cmd/vic-machine/common.NewOperation:27 ${name}`;
}

/** False when the deadline passed meanwhile; throws when the run was interrupted. */
async function pause({ io, signal }: Invocation, ms: number, deadline: AbortSignal): Promise<boolean> {
  if (!deadline.aborted) {
    await io.clock.sleep(ms, AbortSignal.any([signal, deadline])).catch((error: unknown) => {
      if (signal.aborted || !deadline.aborted) throw error;
    });
  }
  signal.throwIfAborted();
  return !deadline.aborted;
}
