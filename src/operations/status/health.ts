/** What a status comes to. Pure. */
import { isWrong, type LinedUp } from './line-up.ts';
import type { Part } from './part.ts';
import type { VchParts } from './vch-parts.ts';

/** `failed`: a node is not Ready · `degraded`: nodes are Ready, and something else is not as it should be. */
export type Health = 'ok' | 'degraded' | 'failed';

/** Days before the end of a certificate at which it becomes a matter. */
export const EXPIRES_SOON_DAYS = 14;

export interface Judged {
  readonly ready: boolean;
  readonly parts: VchParts | undefined;
  readonly vsphere: Part<unknown>;
  readonly lineUp: readonly LinedUp[] | undefined;
}

/** What is not as it should be, one line each. */
export function problemsOf({ ready, parts, vsphere, lineUp }: Judged): readonly string[] {
  const failed = (name: string, part: Part<unknown> | undefined): readonly string[] => (part?.state === 'failed' ? [`${name}: ${part.why}`] : []);
  const wrong = (lineUp ?? []).filter(isWrong);
  return [
    ...(ready ? [] : ['the node is not Ready']),
    ...failed('vSphere', vsphere),
    ...failed('port layer', parts?.portLayer),
    ...failed('personality', parts?.personality),
    ...failed('kubelet', parts?.kubelet),
    ...(parts?.kubelet.state === 'ok' && !parts.kubelet.value.healthy ? ['the kubelet says that it is not healthy'] : []),
    ...(parts?.certificates ?? [])
      .filter(({ daysLeft }) => daysLeft < EXPIRES_SOON_DAYS)
      .map((each) => `the certificate of ${each.of} ${each.daysLeft < 0 ? 'has expired' : `expires in ${each.daysLeft} days`}`),
    ...(wrong.length === 0
      ? []
      : [
          `${wrong.length} ${wrong.length === 1 ? 'pod is' : 'pods are'} not the same everywhere: ${wrong.map(({ namespace, name, mark }) => `${namespace}/${name} (${mark})`).join(', ')}`,
        ]),
  ];
}

export function healthOf(all: readonly (Pick<Judged, 'ready'> & { readonly problems: readonly string[] })[]): Health {
  if (all.some(({ ready }) => !ready)) return 'failed';
  return all.some(({ problems }) => problems.length > 0) ? 'degraded' : 'ok';
}
