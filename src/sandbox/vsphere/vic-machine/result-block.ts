import { basename, isAbsolute, join } from 'node:path';
import type { VchConfig } from '../protocol.ts';
import { isReleased } from './build.ts';
import { quote } from './go-text.ts';
import type { Invocation } from './io.ts';

export interface ResultOptions {
  readonly id: string;
  readonly config: VchConfig;
  /** Address or name for the operator. */
  readonly host: string;
  readonly clientIp: string;
  readonly dockerPort: number;
  readonly adminPort: number;
  /** Folder of the client certificates; undefined where none was found. */
  readonly certificateFolder: string | undefined;
  readonly files?: { readonly ca: string; readonly certificate: string; readonly key: string };
  /** Where create saves the docker variables. */
  readonly envFile?: string;
  /** debug: how to log in. */
  readonly ssh?: boolean;
}

/** The result block of create, inspect and debug (vmware/vic lib/install/management/inspect.go). */
export async function showVch(run: Invocation, options: ResultOptions): Promise<void> {
  const { log, io } = run;
  const { id, host, clientIp, adminPort } = options;
  const section = (...lines: readonly string[]) => {
    log.info('');
    for (const line of lines) log.info(line);
  };
  section(`VCH ID: ${id}`);
  if (options.ssh === true) section('SSH to appliance:', `ssh root@${host}`);
  section('VCH Admin Portal:', `https://${host}:${String(adminPort)}`);
  section('Published ports can be reached at:', clientIp);
  section('Management traffic will use:', clientIp);
  const command = dockerCommand(options);
  const variables = await dockerVariables(run, options);
  section('Docker environment variables:', variables);
  if (options.envFile !== undefined) {
    const path = isAbsolute(options.envFile) ? options.envFile : join(io.cwd, options.envFile);
    const saved = await io.fs.writeFile(path, variables, { mode: 0o644 }).then(
      () => true,
      () => false,
    );
    if (saved) section(`Environment saved in ${options.envFile}`);
  }
  section('Connect to docker:', command);
}

/** The command line that create and inspect propose. */
export function dockerCommand({ config, host, dockerPort, files }: Pick<ResultOptions, 'config' | 'host' | 'dockerPort' | 'files'>): string {
  const target = `docker -H ${host}:${String(dockerPort)}`;
  if (config.tls.mode === 'none') return `${target} info`;
  if (config.tls.clientCa === undefined) return `${target} --tls info`;
  if (files === undefined) return `${target} --tlsverify info`;
  return `${target} --tlsverify --tlscacert=${quote(files.ca)} --tlscert=${quote(files.certificate)} --tlskey=${quote(files.key)} info`;
}

async function dockerVariables({ io, log, build }: Invocation, options: ResultOptions): Promise<string> {
  const { config, host, dockerPort, certificateFolder } = options;
  const variables: string[] = [];
  if (config.tls.mode === 'tls' && config.tls.clientCa !== undefined) {
    variables.push('DOCKER_TLS_VERIFY=1');
    const folder = certificateFolder === undefined || isAbsolute(certificateFolder) ? certificateFolder : join(io.cwd, certificateFolder);
    const info = folder === undefined ? undefined : await io.fs.info(folder);
    // Only the last part of the folder's path is kept: wrong for every folder that is not in the current one, as in the real program.
    if (folder !== undefined && info?.kind === 'directory') variables.push(`DOCKER_CERT_PATH=${join(io.cwd, basename(folder))}`);
    else {
      log.info('');
      log.warn('Unable to find valid client certs');
      log.warn('DOCKER_CERT_PATH must be provided in environment or certificates specified individually via CLI arguments');
    }
  }
  variables.push(`DOCKER_HOST=${host}:${String(dockerPort)}`);
  if (isReleased(build)) variables.push('COMPOSE_TLS_VERSION=TLSv1_2');
  return variables.join(' ');
}
