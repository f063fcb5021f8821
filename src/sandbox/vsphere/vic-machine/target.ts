import { CommandFailure, type Invocation } from './io.ts';
import { parseUrl, splitHost } from './go-url.ts';

/** Where vSphere is and who logs in. */
export interface Target {
  readonly scheme: string;
  /** Host, with the port where one was given. */
  readonly host: string;
  readonly name: string;
  readonly port: number;
  /** What follows the host without slashes around it: a datacenter. */
  readonly datacenter: string;
  readonly user: string;
  readonly password: string;
  /** Empty when none was given. */
  readonly thumbprint: string;
}

/** Takes target and credentials from the flags; asks for a missing password. (vmware/vic cmd/vic-machine/common/target.go) */
export async function readTarget(run: Invocation): Promise<Target> {
  const { flags } = run;
  const given = flags.optional('target');
  if (given === undefined) throw new CommandFailure('--target argument must be specified');
  const url = parseUrl(given);
  if (url.kind === 'error') throw new CommandFailure(url.message);
  const user = flags.text('user') === '' ? (url.user ?? '') : flags.text('user');
  if (user === '') throw new CommandFailure('vSphere user must be specified, either with --user or as part of --target');
  const password = flags.optional('password') ?? url.password ?? (await askPassword(run, user));
  const { name, port } = splitHost(url.host);
  return {
    scheme: url.scheme,
    host: url.host,
    name,
    port: port === '' ? (url.scheme === 'http' ? 80 : 443) : Number(port),
    datacenter: url.path.replace(/\/$/, '').replace(/^\//, ''),
    user,
    password,
    thumbprint: flags.text('thumbprint'),
  };
}

/** Reads a password from the terminal. Where there is none it is empty, and the run goes on: as the real one does. */
export async function askPassword({ io, log }: Invocation, user: string): Promise<string> {
  log.info(`vSphere password for ${user}: `);
  if (!io.stdin.isTerminal) return '';
  return io.stdin.readPassword?.() ?? '';
}
