/** The kubelet's server with everything that keeps it current: its certificate, and the CA of its callers. */
import type { Clock } from '../../platform/clock.ts';
import type { NodeAddress, Pod } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import type { ProbeCount } from '../pods/probes/probe-counts.ts';
import type { PodProvider } from '../provider.ts';
import type { KubeletTrust } from '../trust.ts';
import { followClientCa } from './client-ca.ts';
import { createKubeletServer, type KubeletServer, type ServerLimits, type ServingPair } from './server.ts';
import { ServingCertificate, type ServingCertificateState } from './serving-certificate.ts';

export interface KubeletEndpointSettings {
  readonly trust: KubeletTrust;
  /** Default: every address of the machine. */
  readonly address?: string;
  /** 0: any free one. */
  readonly port: number;
  /** Takes any free port when that one is taken: several kubelets on one machine. */
  readonly orAnyPort?: boolean;
  /** Serves with this pair, read again every minute, and asks the cluster for none. */
  readonly certificate?: () => Promise<ServingPair>;
  /** Reads the bundle for client certificates; default: what the cluster publishes. */
  readonly clientCa?: (signal: AbortSignal) => Promise<string | undefined>;
  /** What `/configz` answers. */
  readonly configuration?: () => object;
  /** Called whenever the state of the certificate changes. */
  readonly onCertificate?: (state: ServingCertificateState) => void;
  readonly limits?: Partial<ServerLimits>;
}

export interface KubeletEndpointOptions extends KubeletEndpointSettings {
  readonly nodeName: string;
  readonly provider: PodProvider;
  readonly pods: () => readonly Pod[];
  readonly addresses: () => readonly NodeAddress[];
  /** What `/metrics/probes` tells. */
  readonly probeCounts?: () => readonly ProbeCount[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface KubeletEndpoint {
  readonly port: number;
  /** Keeps certificate and CA current until the signal aborts; then closes the server. */
  run(signal: AbortSignal): Promise<void>;
}

/** Listens; rejects with KUBELET_CONFIG when it cannot. */
export async function openKubeletEndpoint(options: KubeletEndpointOptions): Promise<KubeletEndpoint> {
  const { trust, clock, log, address, port, configuration, limits, onCertificate } = options;
  const held: { server?: KubeletServer } = {};
  const serving = new ServingCertificate({
    ...{ nodeName: options.nodeName, signer: trust, addresses: options.addresses, clock, random: options.random, log },
    onPair: (pair) => held.server?.setCertificate(pair),
    ...(onCertificate === undefined ? {} : { onState: onCertificate }),
  });
  const given = options.certificate;
  const pair = given === undefined ? serving.first() : await given();
  if (given !== undefined) onCertificate?.({ kind: 'given' });
  const server = await createKubeletServer({
    ...{ nodeName: options.nodeName, port, provider: options.provider, pods: options.pods, reviews: trust, certificate: pair, clock, log },
    ...(address === undefined ? {} : { address }),
    ...(configuration === undefined ? {} : { configuration }),
    ...(limits === undefined ? {} : { limits }),
    ...(options.orAnyPort === undefined ? {} : { orAnyPort: options.orAnyPort }),
    ...(options.probeCounts === undefined ? {} : { probeCounts: options.probeCounts }),
  });
  held.server = server;
  const listening = await server.listen();
  log.info('serving the kubelet API', { port: listening });
  return {
    port: listening,
    run: async (signal) => {
      const read = options.clientCa ?? ((asked: AbortSignal) => trust.clientCa(asked));
      const certificate = given === undefined ? serving.run(signal) : followFiles(given, pair, server, options, signal);
      await Promise.all([certificate, followClientCa({ read, clock, log, onChange: (pem) => server.setClientCa(pem) }, signal)]);
      await server.close();
    },
  };
}

const FILES_MS = 60_000;

async function followFiles(
  read: () => Promise<ServingPair>,
  first: ServingPair,
  server: KubeletServer,
  { clock, log }: Pick<KubeletEndpointOptions, 'clock' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  let last = first;
  try {
    for (;;) {
      await clock.sleep(FILES_MS, signal);
      const next = await read().catch((error: unknown) => {
        log.warn('the serving certificate cannot be read again', { error });
        return last;
      });
      if (next.certificate !== last.certificate || next.key !== last.key) server.setCertificate(next);
      last = next;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
