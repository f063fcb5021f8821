import { VickError } from '../../errors/vick-error.ts';
import type { Taint } from '../../platform/kubernetes-objects.ts';
import type { KubeletFlags } from './settings.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/**
 * Taints that the Node is created with: each `--taint` as `key=value:Effect`, or a bare key as in virtual-kubelet, whose
 * value and effect then come from VKUBELET_TAINT_VALUE (`vic`) and VKUBELET_TAINT_EFFECT (`NoSchedule`). `--disable-taint`: none.
 */
export function nodeTaints(flags: KubeletFlags, env: Readonly<Record<string, string | undefined>>): readonly Taint[] {
  if (flags['disable-taint'] === true) return [];
  const given = flags['taint'];
  const specs = typeof given === 'object' ? given : typeof given === 'string' && given !== '' ? [given] : [];
  const bare = env['VKUBELET_TAINT_KEY'];
  const all = specs.length === 0 && bare !== undefined && bare !== '' ? [bare] : specs;
  return all.map((spec) => parseTaint(spec, env));
}

function parseTaint(spec: string, env: Readonly<Record<string, string | undefined>>): Taint {
  const match = /^([^=:]+)(?:=([^:]*))?(?::([A-Za-z]+))?$/.exec(spec);
  const key = match?.[1] ?? '';
  const isBare = match?.[2] === undefined && match?.[3] === undefined;
  const value = isBare ? (env['VKUBELET_TAINT_VALUE'] ?? 'vic') : (match[2] ?? '');
  const effect = match?.[3] ?? (isBare ? (env['VKUBELET_TAINT_EFFECT'] ?? 'NoSchedule') : '');
  if (!KEY.test(key) || !EFFECTS.includes(effect)) {
    throw new VickError('KUBELET_CONFIG', `--taint: "${spec}" is not a taint`, { hint: `The form is key=value:Effect; effects: ${EFFECTS.join(', ')}.` });
  }
  return { key, ...(value === '' ? {} : { value }), effect };
}
