/** Asks the services of one VCH. Each answers, or is shown with the reason why not. */
import { join } from 'node:path';
import type { DockerEngine, EngineAddress } from '../../clients/docker-engine/port.ts';
import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubeErrorDetails, KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { ContainerInfo, PortLayer, VchInfo } from '../../clients/port-layer/port.ts';
import { fetchPeerCertificate } from '../../clients/vic-machine/peer-certificate.ts';
import { isVickError, messageOf } from '../../errors/vick-error.ts';
import type { Clock } from '../../platform/clock.ts';
import { deadline } from '../../platform/http-exchange.ts';
import type { FileSystem } from '../../platform/fs.ts';
import { factsOf, readCertificates } from '../identity/verify-certificate.ts';
import { readRecord } from '../identity/record.ts';
import { ask, notAsked, type Part } from './part.ts';
import { formatPlace, type Place, type VchServices } from './services.ts';

export interface StatusTools {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly clock: Clock;
  readonly fs: FileSystem;
  readonly vch: { portLayer(address: Place): Promise<PortLayer> };
  readonly kubelet: { dockerEngine(address: EngineAddress): Promise<DockerEngine> };
}

export interface VchParts {
  readonly portLayer: Part<PortLayerFacts>;
  readonly personality: Part<PersonalityFacts>;
  readonly kubelet: Part<{ readonly healthy: boolean }>;
  readonly certificates: readonly Certificate[];
}

interface PortLayerFacts {
  readonly address: string;
  readonly podVms: boolean;
  readonly info: VchInfo;
  readonly containers: readonly ContainerInfo[];
}

interface PersonalityFacts {
  readonly address: string;
  readonly version: string;
  readonly tls: boolean;
}

export interface Certificate {
  /** `docker-api`, `admin-portal`, `kubelet`, `node-identity`. */
  readonly of: string;
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
  readonly daysLeft: number;
}

/** No part may hold the whole picture up. */
const LIMIT_MS = 5_000;
/** A certificate is a remark, and its port is often behind a firewall. */
const CERTIFICATE_LIMIT_MS = 2_000;
const DAY_MS = 24 * 3_600_000;

export async function askVch(
  node: { readonly vch: string; readonly name: string; readonly internalIp: string | undefined; readonly kubeletPort: number | undefined },
  services: VchServices,
  api: KubernetesApi | undefined,
  tools: StatusTools,
  signal: AbortSignal,
): Promise<VchParts> {
  const { personality: docker, adminPortal } = services;
  const kubelet = node.internalIp === undefined || node.kubeletPort === undefined ? undefined : { host: node.internalIp, port: node.kubeletPort };
  const [portLayer, personality, answers, ...certificates] = await Promise.all([
    askPortLayer(services.portLayer, tools, signal),
    askPersonality(docker, services.certificateFolder, tools, signal),
    api === undefined ? notAsked('the cluster is not reached') : askKubelet(api, node.name, tools, signal),
    peerCertificate('docker-api', docker, tools.clock, signal),
    peerCertificate('admin-portal', adminPortal, tools.clock, signal),
    peerCertificate('kubelet', kubelet, tools.clock, signal),
    identityCertificate(node.vch, tools),
  ]);
  return { portLayer, personality, kubelet: answers, certificates: certificates.filter((found) => found !== undefined) };
}

async function askPortLayer(place: Place | undefined, tools: StatusTools, signal: AbortSignal): Promise<Part<PortLayerFacts>> {
  if (place === undefined) return notAsked('its address is not known; it listens inside the endpoint VM only, unless the VCH was created with --debug 3');
  return limited(tools, signal, async (limit) => {
    const client = await tools.vch.portLayer(place);
    try {
      await client.ping(limit);
      const [info, features, containers] = [await client.vchInfo(limit), await client.features(limit), await client.listContainers(limit)];
      return { address: client.address, podVms: features.podVms, info, containers };
    } finally {
      client.close();
    }
  });
}

async function askPersonality(place: Place | undefined, folder: string | undefined, tools: StatusTools, signal: AbortSignal): Promise<Part<PersonalityFacts>> {
  if (place === undefined) return notAsked('its address is not known');
  return limited(tools, signal, async (limit) => {
    const tls = (await fetchPeerCertificate(place, { timeoutMs: LIMIT_MS, signal: limit })) !== undefined;
    const client = await tools.kubelet.dockerEngine({ ...place, tls: tls ? await clientTls(folder, tools.fs) : undefined });
    try {
      await client.ping(limit);
      const { version } = await client.version(limit);
      return { address: formatPlace(place), version, tls };
    } finally {
      client.close();
    }
  });
}

/** Nothing secret is sent to read a version, so a server without a known CA is looked at all the same. */
async function clientTls(folder: string | undefined, fs: FileSystem): Promise<EngineAddress['tls']> {
  const read = (name: string): Promise<string | undefined> =>
    folder === undefined ? Promise.resolve(undefined) : fs.readTextIfExists(join(folder, name)).catch(() => undefined);
  const [certificate, key] = await Promise.all([read('cert.pem'), read('key.pem')]);
  return { insecure: true, ...(certificate === undefined || key === undefined ? {} : { certificate, key }) };
}

/** Through the API server, as logs and exec go. Who may not ask it so learns nothing of its health. */
async function askKubelet(api: KubernetesApi, node: string, tools: StatusTools, signal: AbortSignal): Promise<Part<{ readonly healthy: boolean }>> {
  const part = await limited(tools, signal, async (limit) => {
    try {
      const answer = await api.requestText({ method: 'GET', path: paths.nodeProxy(node, '/healthz'), timeoutMs: LIMIT_MS }, limit);
      return { healthy: answer.trim() === 'ok' };
    } catch (error) {
      if (isVickError(error) && (error.code === 'KUBE_FORBIDDEN' || isUnserved(error.details))) return messageOf(error);
      throw error;
    }
  });
  if (part.state !== 'ok') return part;
  return typeof part.value === 'string' ? notAsked(part.value) : { state: 'ok', value: part.value };
}

/** A control plane without a proxy to nodes. */
function isUnserved(details: KubeErrorDetails | undefined): boolean {
  return details?.httpStatus === 404 || details?.httpStatus === 501;
}

async function peerCertificate(of: string, place: Place | undefined, clock: Clock, signal: AbortSignal): Promise<Certificate | undefined> {
  if (place === undefined) return undefined;
  const found = await fetchPeerCertificate(place, { timeoutMs: CERTIFICATE_LIMIT_MS, signal });
  const notAfter = Date.parse(found?.validUntil ?? '');
  if (found === undefined || Number.isNaN(notAfter)) return undefined;
  return { of, subject: found.subject, notAfter, daysLeft: daysLeft(notAfter, clock) };
}

/** What vick noted when it made the identity. */
async function identityCertificate(vch: string, tools: StatusTools): Promise<Certificate | undefined> {
  const record = vch === '' ? undefined : await readRecord(tools, vch);
  const [certificate] = record === undefined ? [] : readCertificates(record.certificatePem);
  if (certificate === undefined) return undefined;
  const { subject, notAfter } = factsOf(certificate);
  return { of: 'node-identity', subject, notAfter, daysLeft: daysLeft(notAfter, tools.clock) };
}

function daysLeft(notAfter: number, clock: Clock): number {
  return Math.floor((notAfter - clock.now()) / DAY_MS);
}

async function limited<T>(tools: StatusTools, signal: AbortSignal, work: (limit: AbortSignal) => Promise<T>): Promise<Part<T>> {
  const limit = deadline(tools.clock, LIMIT_MS, signal);
  try {
    const part = await ask(() => work(limit.signal), signal);
    return part;
  } catch (error) {
    signal.throwIfAborted();
    if (limit.signal.aborted) return { state: 'failed', why: `it does not answer within ${LIMIT_MS / 1000} s` };
    throw error;
  } finally {
    limit.dispose();
  }
}
