/**
 * The server's certificate: self-made at once, then one that the cluster issues for the node's addresses
 * (signer kubernetes.io/kubelet-serving; somebody has to approve it), rotated in time and anew for new addresses.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { messageOf } from '../../errors/vick-error.ts';
import { createCertificateRequest, generatePrivateKey } from '../../platform/certificate-request.ts';
import type { Clock } from '../../platform/clock.ts';
import type { NodeAddress } from '../../platform/kubernetes-objects.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import type { ServingSigner } from '../trust.ts';
import { selfSigned } from './self-signed.ts';
import type { ServingPair } from './server.ts';

export type ServingCertificateState =
  /** Callers that check certificates (metrics-server does) turn away; `reason` says what is missing. */
  | { readonly kind: 'self-signed'; readonly reason: string; readonly request?: string }
  /** Times are milliseconds since the epoch. */
  | { readonly kind: 'issued'; readonly expiresAt: number; readonly rotatesAt: number }
  | { readonly kind: 'given' };

export interface ServingCertificateOptions {
  readonly nodeName: string;
  readonly signer: ServingSigner;
  /** The addresses of the node as they are now; empty while unknown. */
  readonly addresses: () => readonly NodeAddress[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Called with every pair to serve from now on. */
  readonly onPair: (pair: ServingPair) => void;
  readonly onState?: (state: ServingCertificateState) => void;
}

const LOOK_MS = 10_000;
/** Until the node has addresses, which it gets a moment after the server has started. */
const FIRST_LOOK_MS = 250;
const POLL_MS = 5_000;
const REQUEST_MS = 15 * 60_000;
const RETRY_MS = { first: 10_000, maximum: 10 * 60_000 };
/** All signers take key encipherment; those before Kubernetes 1.27 insist on it (pkg/apis/certificates/helpers.go). */
const USAGES = ['digital signature', 'key encipherment', 'server auth'];

export class ServingCertificate {
  private readonly options: ServingCertificateOptions;
  private names: readonly string[] = [];
  private rotatesAt = 0;
  private retryMs: number = RETRY_MS.first;

  constructor(options: ServingCertificateOptions) {
    this.options = options;
  }

  /** A pair to begin with. */
  first(): ServingPair {
    this.names = namesOf(this.options.addresses());
    this.tell({ kind: 'self-signed', reason: 'no certificate was issued yet' });
    return this.selfMade();
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      for (;;) await this.step(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  private async step(signal: AbortSignal): Promise<void> {
    const { clock, addresses } = this.options;
    try {
      this.follow(namesOf(addresses()));
      if (this.names.length === 0) await clock.sleep(FIRST_LOOK_MS, signal);
      else if (clock.now() < this.rotatesAt) await clock.sleep(LOOK_MS, signal);
      else if (!(await this.renew(signal))) await this.pause(signal);
    } catch (error) {
      signal.throwIfAborted();
      this.failed(messageOf(error));
      await this.pause(signal);
    }
  }

  /** New addresses need a new certificate; until it is issued one of our own has them. */
  private follow(names: readonly string[]): void {
    if (names.length === 0 || names.join() === this.names.join()) return;
    this.names = names;
    this.rotatesAt = 0;
    this.retryMs = RETRY_MS.first;
    this.options.onPair(this.selfMade());
    this.tell({ kind: 'self-signed', reason: 'the addresses of the node are new' });
  }

  /** One request, until it is answered. False: refused, or nobody answered it. */
  private async renew(signal: AbortSignal): Promise<boolean> {
    const { clock, nodeName, signer, addresses } = this.options;
    const names = this.names;
    const key = generatePrivateKey();
    const pem = createCertificateRequest({ subject: { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] }, names, privateKeyPem: key });
    const request = await signer.requestServingCertificate({ pem, usages: USAGES }, signal);
    this.failed(`certificate request ${request} waits to be approved: kubectl certificate approve ${request}`, request);
    const until = clock.now() + REQUEST_MS;
    while (clock.now() < until) {
      if (namesOf(addresses()).join() !== names.join()) return true;
      const answer = await signer.getSigningRequest(request, signal).catch((error: unknown) => {
        if (signal.aborted) throw error;
        return { name: request, certificate: undefined, refused: undefined };
      });
      if (answer?.certificate !== undefined) {
        this.take({ certificate: answer.certificate, key });
        return true;
      }
      if (answer === undefined || answer.refused !== undefined) {
        this.failed(`certificate request ${request} was ${answer === undefined ? 'cleared away' : `refused (${answer.refused ?? ''})`}`, request);
        return false;
      }
      await clock.sleep(POLL_MS, signal);
    }
    return false;
  }

  private take(pair: ServingPair): void {
    const { log, onPair, random } = this.options;
    const { validFrom, validTo, ...parsed } = validityOf(pair);
    if (!parsed.matches) throw new Error('the certificate that was issued is for another key');
    this.rotatesAt = validFrom + (validTo - validFrom) * (0.7 + 0.2 * random.fraction());
    this.retryMs = RETRY_MS.first;
    onPair(pair);
    log.info('serving certificate issued', { expires: new Date(validTo).toISOString() });
    this.tell({ kind: 'issued', expiresAt: validTo, rotatesAt: this.rotatesAt });
  }

  private async pause(signal: AbortSignal): Promise<void> {
    const ms = this.retryMs;
    this.retryMs = Math.min(2 * ms, RETRY_MS.maximum);
    await this.options.clock.sleep(ms, signal);
  }

  /** A certificate that is being renewed is good until it ends. */
  private failed(reason: string, request?: string): void {
    this.options.log.info('no new serving certificate yet', { reason });
    if (this.rotatesAt === 0) this.tell({ kind: 'self-signed', reason, ...(request === undefined ? {} : { request }) });
  }

  private selfMade(): ServingPair {
    return selfSigned(this.options.nodeName, this.names, this.options.clock.now());
  }

  private tell(state: ServingCertificateState): void {
    this.options.onState?.(state);
  }
}

/** DNS names and IP addresses of a node, in a steady order; what is neither is left out. */
function namesOf(addresses: readonly NodeAddress[]): readonly string[] {
  const plain = addresses.map(({ address }) => address).filter((address) => /^[0-9A-Za-z.:_-]+$/.test(address));
  return [...new Set(plain)].sort();
}

function validityOf({ certificate, key }: ServingPair): { readonly validFrom: number; readonly validTo: number; readonly matches: boolean } {
  const parsed = new X509Certificate(certificate);
  return { validFrom: Date.parse(parsed.validFrom), validTo: Date.parse(parsed.validTo), matches: parsed.checkPrivateKey(createPrivateKey(key)) };
}
