/** Randomness, injected so that tests are repeatable. */
export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** A version 4 UUID. */
  uuid(): string;
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string;
}

/** Kubernetes' alphabet for generated names (k8s.io/apimachinery/pkg/util/rand): no vowels, no look-alikes. */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** `length` characters that are safe in a Kubernetes name. */
export function randomSuffix(random: Random, length = 5): string {
  return Array.from({ length }, () => NAME_ALPHABET[Math.floor(random.fraction() * NAME_ALPHABET.length)]).join('');
}

/** `ms` moved by at most ± `ratio` of itself. */
export function jitter(random: Random, ms: number, ratio: number): number {
  return ms * (1 + (random.fraction() * 2 - 1) * ratio);
}
