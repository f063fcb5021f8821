/** The logins that a pod's imagePullSecrets hold. None of them has to exist (pkg/kubelet/kubelet_pods.go). */
import { messageOf } from '../../../errors/vick-error.ts';
import type { Pod } from '../../../platform/kubernetes-objects.ts';
import { parseDockerConfig, type RegistryLogin } from './docker-config.ts';

export interface PullSecret {
  readonly type?: string;
  /** Values in base64, as in the API. */
  readonly data?: Readonly<Record<string, string>>;
}

/** Undefined: there is no such secret. Throws when it cannot be read. */
export type ReadPullSecret = (namespace: string, name: string, signal: AbortSignal) => Promise<PullSecret | undefined>;

export interface PodLogins {
  readonly logins: readonly RegistryLogin[];
  /** Names of the secrets that could not be used, each with its reason. */
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
}

const KINDS = [
  { type: 'kubernetes.io/dockerconfigjson', key: '.dockerconfigjson', format: 'dockerconfigjson' },
  { type: 'kubernetes.io/dockercfg', key: '.dockercfg', format: 'dockercfg' },
] as const;

export async function podLogins(pod: Pod, read: ReadPullSecret, signal: AbortSignal): Promise<PodLogins> {
  const names = new Set((pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => (name === undefined || name === '' ? [] : [name])));
  const results = await Promise.all([...names].map((name) => secretLogins(pod.metadata?.namespace ?? '', name, read, signal)));
  return { logins: results.flatMap(({ logins }) => logins), failed: results.flatMap(({ failed }) => failed) };
}

async function secretLogins(namespace: string, name: string, read: ReadPullSecret, signal: AbortSignal): Promise<PodLogins> {
  const failure = (reason: string): PodLogins => ({ logins: [], failed: [{ name, reason }] });
  try {
    const secret = await read(namespace, name, signal);
    if (secret === undefined) return failure('not found');
    // Secrets of other types, or without their key, are passed over in silence, as kubelets do.
    const kind = KINDS.find(({ type, key }) => secret.type === type && secret.data?.[key] !== undefined);
    if (kind === undefined) return { logins: [], failed: [] };
    const text = Buffer.from(secret.data?.[kind.key] ?? '', 'base64').toString('utf8');
    return { logins: parseDockerConfig(text, kind.format), failed: [] };
  } catch (error) {
    signal.throwIfAborted();
    return failure(messageOf(error));
  }
}
