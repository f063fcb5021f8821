/**
 * The events that virtual-kubelet tells missing references by (virtual-kubelet internal/podutils/env.go), beside those of
 * a kubelet: whoever waits for them finds them here too. Pure.
 */
import type { EventText } from '../events.ts';
import type { MissingReference } from './env.ts';

export function missingEvent({ kind, name, key, optional }: MissingReference): EventText {
  const title = kind === 'secret' ? 'Secret' : 'ConfigMap';
  const what = `${title.toLowerCase()} "${name}"`;
  return {
    // What is optional may be missing.
    type: optional ? 'Normal' : 'Warning',
    reason: `${optional ? 'Optional' : 'Mandatory'}${title}${key === undefined ? '' : 'Key'}NotFound`,
    message: key === undefined ? `${what} not found` : `key "${key}" does not exist in ${what}`,
  };
}
