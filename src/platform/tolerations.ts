import type { Taint, Toleration } from './kubernetes-objects.ts';

/** Whether one of `tolerations` accepts `taint` (k8s.io/api/core/v1/toleration.go): an empty key with Exists accepts all. */
export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((toleration) => {
    if (toleration.effect !== undefined && toleration.effect !== '' && toleration.effect !== taint.effect) return false;
    const key = toleration.key ?? '';
    if (key !== '' && key !== taint.key) return false;
    const operator = toleration.operator === undefined || toleration.operator === '' ? 'Equal' : toleration.operator;
    if (operator === 'Exists') return true;
    return operator === 'Equal' && key !== '' && (toleration.value ?? '') === (taint.value ?? '');
  });
}

/** The first taint of one of `effects` that nothing in `tolerations` accepts. */
export function untolerated(taints: readonly Taint[], tolerations: readonly Toleration[], effects: readonly string[]): Taint | undefined {
  return taints.find((taint) => effects.includes(taint.effect) && !tolerates(tolerations, taint));
}
