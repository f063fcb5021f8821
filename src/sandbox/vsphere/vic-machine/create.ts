import { VSphereFault } from '../faults.ts';
import { sentinelOf } from '../sentinels.ts';
import { readCreateArguments, type CreateArguments } from './create-arguments.ts';
import { deploy } from './deploy.ts';
import { collectDiagnostics } from './diagnostics.ts';
import { openSite, type Site } from './finder.ts';
import { formatDuration } from './go-text.ts';
import { CommandFailure, type Invocation } from './io.ts';
import { findImages } from './iso.ts';
import { dockerCommand, showVch } from './result-block.ts';
import { openSession } from './session.ts';
import { validate, type ValidConfiguration } from './validate.ts';
import { NotReady, deadlineNoise, waitForService } from './wait.ts';

/** The program crashed: exit code 0 and a line that points to the log. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** `vic-machine create`. Throws CommandFailure. */
export async function create(run: Invocation): Promise<void> {
  const { log, flags } = run;
  log.info('### Installing VCH ####');
  const args = await readCreateArguments(run);
  logArguments(run);
  const images = await findImages(run);
  if (run.args.length > 0) {
    log.error(`Unknown argument: ${run.args[0] ?? ''}`);
    throw new CommandFailure('invalid CLI arguments');
  }
  const site = await connect(run, args);
  try {
    const valid = await validateOrStop(run, site, args);
    if (sentinelOf(args.name) === 'crash') throw new Crash('runtime error: invalid memory address or nil pointer dereference');
    log.info('');
    const hostId = valid.compute.cluster.hosts[0]?.id;
    let made: Awaited<ReturnType<typeof deploy>>;
    try {
      made = await deploy(run, args, valid, images);
    } catch (error) {
      if (!(error instanceof CommandFailure || error instanceof VSphereFault)) throw error;
      await collectDiagnostics(run, site.inventory, hostId);
      log.error(error.message);
      throw new CommandFailure(error.message);
    }
    await finish(run, args, site, made, hostId, flags.number('timeout') ?? 0);
  } finally {
    site.session.close();
  }
}

async function connect(run: Invocation, args: CreateArguments): Promise<Site> {
  try {
    const session = await openSession(run, args.target, { acceptAny: run.flags.bool('force') });
    return await openSite(run, session, args.name);
  } catch (error) {
    if (error instanceof CommandFailure) run.log.error('Create cannot continue: failed to create validator');
    throw error;
  }
}

async function validateOrStop(run: Invocation, site: Site, args: CreateArguments): Promise<ValidConfiguration> {
  try {
    return await validate(run, site, args);
  } catch (error) {
    if (error instanceof CommandFailure) run.log.error('Create cannot continue: configuration validation failed');
    throw error;
  }
}

async function finish(
  run: Invocation,
  args: CreateArguments,
  site: Site,
  { id, config }: Awaited<ReturnType<typeof deploy>>,
  hostId: string | undefined,
  timeoutMs: number,
): Promise<void> {
  const { log, io } = run;
  const { certificates } = args;
  const deadline = new AbortController();
  const cancel = io.clock.schedule(timeoutMs, () => deadline.abort(new Error('context deadline exceeded')));
  const files = certificates.files === undefined ? {} : { files: certificates.files };
  try {
    const client = certificates.client === undefined ? {} : { client: certificates.client };
    const { host, guest } = await waitForService(run, { session: site.session, id, config, ...client, deadline: deadline.signal });
    log.info('Initialization of appliance successful');
    await showVch(run, {
      id,
      config,
      host,
      clientIp: guest.clientIp,
      dockerPort: guest.dockerPort ?? 0,
      adminPort: guest.adminPort ?? 0,
      certificateFolder: certificates.folder,
      ...files,
      envFile: `${certificates.folder}/${args.name}.env`,
    });
    log.info('Installer completed successfully');
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    await collectDiagnostics(run, site.inventory, hostId);
    const port = (await site.session.call('RetrieveGuest', { id })).guest.dockerPort ?? 0;
    log.info('\tAPI may be slow to start - try to connect to API after a few minutes:');
    if (error.host === undefined) {
      log.info(`\t\tRun ${run.program} inspect to find API connection command and run the command if ip address is ready`);
    } else log.info(`\t\tRun command: ${dockerCommand({ config, host: error.host, dockerPort: port, ...files })}`);
    log.info('\t\tIf command succeeds, VCH is started. If command fails, VCH failed to install - see documentation for troubleshooting.');
    if (!deadline.signal.aborted) throw new CommandFailure(error.message);
    log.error(deadlineNoise('vic/cmd/vic-machine/create.(*Create).Run.func3', io.program));
    throw new CommandFailure(
      `Creating VCH exceeded time limit of ${formatDuration(timeoutMs)}. Please increase the timeout using --timeout to accommodate for a busy vSphere target`,
    );
  } finally {
    cancel();
  }
}

const CENSORED = ['user', 'password', 'ops-password'];
const UNLOGGED = ['target', 'tls-server-cert', 'tls-cert-path', 'tls-server-key', 'registry-ca', 'tls-ca'];

/** The settings, in the log file, without secrets. */
function logArguments({ flags, log }: Invocation): void {
  for (const [name, value] of flags.entries()) {
    if (UNLOGGED.includes(name) || value === '' || value === false) continue;
    if (CENSORED.includes(name)) log.debug(`--${name}=<censored>`);
    else if (name === 'timeout') log.debug(`--timeout=${formatDuration(Number(value))}`);
    else for (const one of Array.isArray(value) ? (value as readonly string[]) : [String(value)]) log.debug(`--${name}=${one}`);
  }
}
