/**
 * Service account tokens for pods: asked for once, kept in memory only, and renewed at 80 % of their life or after 24
 * hours (pkg/kubelet/token/token_manager.go). A token that cannot be renewed is used until it ends.
 */
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { Random } from '../../../platform/random.ts';
import type { Cluster, IssuedToken, PodRef } from '../../cluster.ts';

export interface TokenWish {
  readonly pod: PodRef;
  readonly serviceAccount: string;
  /** Undefined: the API server's own. */
  readonly audience: string | undefined;
  readonly expirationSeconds: number;
}

export interface HeldToken extends IssuedToken {
  /** When a new one should be asked for; milliseconds since the epoch. */
  readonly refreshAt: number;
}

export interface TokenManagerOptions {
  readonly cluster: Pick<Cluster, 'createToken'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const MAX_AGE_MS = 24 * 3_600_000;
const MAX_JITTER_MS = 10_000;
/** After a failed renewal of a token that still holds. */
const RETRY_MS = 30_000;

export class TokenManager {
  private readonly options: TokenManagerOptions;
  private readonly byPod = new Map<string, Map<string, HeldToken>>();

  constructor(options: TokenManagerOptions) {
    this.options = options;
  }

  /** A token that holds. Rejects when there is none and none can be had. */
  async token(wish: TokenWish): Promise<HeldToken> {
    const { clock, log } = this.options;
    const key = JSON.stringify([wish.serviceAccount, wish.audience ?? '', wish.expirationSeconds]);
    const tokens = this.byPod.get(wish.pod.uid) ?? new Map<string, HeldToken>();
    this.byPod.set(wish.pod.uid, tokens);
    const held = tokens.get(key);
    if (held !== undefined && clock.now() < held.refreshAt) return held;
    try {
      const fresh = await this.ask(wish);
      tokens.set(key, fresh);
      return fresh;
    } catch (error) {
      if (held === undefined || clock.now() >= held.expiresAt) throw error;
      log.warn('a service account token could not be renewed, the old one is used', { pod: wish.pod.uid, serviceAccount: wish.serviceAccount, error });
      const kept = { ...held, refreshAt: clock.now() + RETRY_MS };
      tokens.set(key, kept);
      return kept;
    }
  }

  /** Drops the tokens of a pod. */
  forget(uid: string): void {
    this.byPod.delete(uid);
  }

  private async ask({ pod, serviceAccount, audience, expirationSeconds }: TokenWish): Promise<HeldToken> {
    const { cluster, clock, random, signal } = this.options;
    const request = { audiences: audience === undefined ? [] : [audience], expirationSeconds, boundTo: pod };
    const issued = await cluster.createToken({ namespace: pod.namespace, name: serviceAccount }, request, signal);
    const now = clock.now();
    // Counted from now: neither a clock that is ahead of the server's nor a shorter life than asked for makes it ask all the time.
    const waitMs = Math.min((issued.expiresAt - now) * 0.8, MAX_AGE_MS) - random.fraction() * MAX_JITTER_MS;
    return { ...issued, refreshAt: now + Math.max(RETRY_MS, waitMs) };
  }
}
