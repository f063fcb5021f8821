import { paths } from '../../clients/kubernetes/paths.ts';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError } from '../../errors/vick-error.ts';
import { passed, skipped, warned, type Check } from './check.ts';
import { CHECKS } from './names.ts';

/** Versions that vick is tested with. */
const OLDEST_MINOR = 20;
const NEWEST_MINOR = 36;

export async function checkVersion(api: KubernetesApi, signal: AbortSignal): Promise<Check> {
  const about = CHECKS.version;
  try {
    const { gitVersion = '' } = await api.request<{ readonly gitVersion?: string }>({ method: 'GET', path: paths.version() }, signal);
    return judgeVersion(gitVersion);
  } catch (error) {
    signal.throwIfAborted();
    if (isVickError(error) || error instanceof SyntaxError) return skipped(about, 'the server does not say its version');
    throw error;
  }
}

export function judgeVersion(gitVersion: string): Check {
  const about = CHECKS.version;
  const found = /^v?(\d+)\.(\d+)/.exec(gitVersion);
  if (found === null) return skipped(about, `the server calls its version ${JSON.stringify(gitVersion)}`);
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major !== 1 || minor < OLDEST_MINOR) {
    return warned(about, `Kubernetes ${gitVersion} is older than v1.${OLDEST_MINOR}, the oldest that vick is tested with`, 'Upgrade the cluster.');
  }
  if (minor > NEWEST_MINOR) return warned(about, `Kubernetes ${gitVersion} is newer than v1.${NEWEST_MINOR}, the newest that vick is tested with`);
  return passed(about, gitVersion);
}
