/** dockerode's transport: how it is set up, and the calls that dockerode has no method for. */
import type Dockerode from 'dockerode';
import { isIP } from 'node:net';
import type { EngineEndpoint } from './containers-port.ts';
import type { EngineTls } from './port.ts';

/** Every setting is given: the library would take what is not from the environment of this process. */
export function modemOptions(endpoint: EngineEndpoint): Record<string, unknown> {
  const none = {
    host: undefined,
    port: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
    timeout: undefined,
    socketPath: undefined,
    headers: {},
    pathPrefix: '/',
  };
  if ('socketPath' in endpoint) return { ...none, protocol: 'http', socketPath: endpoint.socketPath };
  return { ...none, protocol: endpoint.tls === undefined ? 'http' : 'https', host: endpoint.host, port: endpoint.port };
}

export function tlsOptions(endpoint: EngineEndpoint, tls: EngineTls): Record<string, unknown> {
  const host = 'host' in endpoint ? endpoint.host : '';
  return {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    // Server names are for names: an address is checked against the certificate's IP entries.
    ...(tls.serverName === undefined && isIP(host) !== 0 ? { servername: '' } : {}),
    rejectUnauthorized: tls.insecure !== true,
    minVersion: 'TLSv1.2',
  };
}

interface Dial {
  readonly path: string;
  readonly method: string;
  readonly options: Record<string, unknown>;
  readonly file?: Buffer;
  readonly abortSignal: AbortSignal;
  readonly isStream: boolean;
  readonly statusCodes: Readonly<Record<number, true | string>>;
}

/** What the library's own methods go through, for calls that it has no method for. */
export function dial(docker: Dockerode, request: Dial): Promise<unknown> {
  const modem = docker.modem as { dial(request: Dial, callback: (error: Error | null, data: unknown) => void): void };
  return new Promise((resolve, reject) => {
    modem.dial(request, (error, data) => {
      if (error === null) resolve(data);
      else reject(error);
    });
  });
}

export function get(docker: Dockerode, path: string, abortSignal: AbortSignal): Promise<unknown> {
  return dial(docker, { path, method: 'GET', options: {}, abortSignal, isStream: false, statusCodes: { 200: true } });
}

export function streamed(docker: Dockerode, path: string, options: Record<string, unknown>, abortSignal: AbortSignal): Promise<NodeJS.ReadableStream> {
  return dial(docker, { path, method: 'GET', options, abortSignal, isStream: true, statusCodes: { 200: true } }) as Promise<NodeJS.ReadableStream>;
}
