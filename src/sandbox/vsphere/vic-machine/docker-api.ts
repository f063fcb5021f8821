import { X509Certificate } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { EndpointTls } from '../../vch/host.ts';
import type { CertificatePair } from '../../certificates.ts';
import { addressesOf } from './addresses.ts';

/** What /info says that create cares for. */
interface DockerInfo {
  readonly volumeStores: readonly string[];
  readonly running: boolean;
}

export type DockerAnswer =
  | { readonly kind: 'info'; readonly info: DockerInfo }
  /** Nothing answers, or not yet with 200. */
  | { readonly kind: 'not-yet'; readonly reason: string }
  | { readonly kind: 'name-mismatch'; readonly reason: string }
  | { readonly kind: 'unknown-authority'; readonly reason: string }
  /** The server ended the TLS handshake. */
  | { readonly kind: 'rejected'; readonly reason: string };

export interface DockerEndpoint {
  readonly host: string;
  readonly port: number;
  readonly tls: EndpointTls;
  readonly client?: CertificatePair;
}

/** Asks the Docker API for /info once. Never throws but for an aborted signal. */
export function askDocker({ host, port, tls, client }: DockerEndpoint, signal: AbortSignal): Promise<DockerAnswer> {
  const verify = tls.mode === 'tls' && tls.clientCa !== undefined ? { ca: [tls.clientCa] } : { rejectUnauthorized: false };
  const own = client === undefined ? {} : { cert: client.certificate, key: client.key };
  const options = { host, port, path: '/info', agent: false, signal, ...verify, ...own, ...(isIP(host) === 0 ? { servername: host } : {}) };
  return new Promise((resolve, reject) => {
    const start = tls.mode === 'none' ? httpRequest : httpsRequest;
    const outgoing = start(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', failed);
      response.once('end', () => {
        if (response.statusCode !== 200) {
          resolve({ kind: 'not-yet', reason: `Received HTTP status ${String(response.statusCode)}` });
          return;
        }
        try {
          resolve({ kind: 'info', info: readInfo(JSON.parse(Buffer.concat(chunks).toString('utf8'))) });
        } catch {
          resolve({ kind: 'not-yet', reason: 'error while unmarshalling res body' });
        }
      });
    });
    const failed = (error: Error & { code?: string }) => {
      if (signal.aborted) reject(signal.reason as Error);
      else resolve(classify(error, host));
    };
    outgoing.once('error', failed);
    outgoing.end();
  });
}

function readInfo(body: unknown): DockerInfo {
  const { SystemStatus: status, Driver: driver } = body as { SystemStatus?: readonly (readonly string[])[]; Driver?: string };
  const value = (key: string) => status?.find(([name = '']) => name.trim() === key)?.[1];
  const portLayer = value(driver ?? '');
  return { volumeStores: (value('VolumeStores') ?? '').split(/\s+/), running: portLayer === undefined || portLayer === 'RUNNING' };
}

function classify(error: Error & { code?: string }, host: string): DockerAnswer {
  const code = error.code ?? '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = /altnames: (.*)$/.exec(error.message)?.[1] ?? '';
    const listed = [...names.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(([, name]) => name);
    const reason =
      isIP(host) === 0
        ? `x509: certificate is valid for ${listed.join(', ')}, not ${host}`
        : names.includes('IP Address')
          ? `x509: certificate is valid for ${listed.join(', ')}, not ${host}`
          : `x509: cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
    return { kind: 'name-mismatch', reason };
  }
  if (/SELF_SIGNED|UNABLE_TO|CERT_/.test(code)) return { kind: 'unknown-authority', reason: 'x509: certificate signed by unknown authority' };
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    const alert = /alert (unknown ca|bad certificate|certificate required|certificate unknown)/i.exec(error.message.replaceAll('_', ' '))?.[1]?.toLowerCase();
    const words = alert === 'unknown ca' ? 'unknown certificate authority' : (alert ?? 'handshake failure');
    return { kind: 'rejected', reason: `remote error: tls: ${words}` };
  }
  return { kind: 'not-yet', reason: code === 'ECONNREFUSED' ? 'connection refused' : error.message };
}

/** The address or name under which the certificate fits the endpoint at `ip`; undefined where none does. */
export async function acceptableAddress(certificate: string, ip: string): Promise<string | undefined> {
  const parsed = new X509Certificate(certificate);
  if (parsed.checkIP(ip) !== undefined) return ip;
  const names = [...(parsed.subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/g)].map(([, name = '']) => name);
  for (const name of names) if ((await addressesOf(name)).includes(ip)) return name;
  return undefined;
}
