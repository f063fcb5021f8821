/**
 * Which names a variable may have (k8s.io/apimachinery/pkg/util/validation: IsEnvVarName, IsRelaxedEnvVarName; relaxed by
 * default since Kubernetes 1.32). Pure.
 */
export type EnvNameRule = 'relaxed' | 'strict';

export function isEnvName(name: string, rule: EnvNameRule): boolean {
  if (rule === 'relaxed') return /^[\x20-\x3c\x3e-\x7e]+$/.test(name);
  return /^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name) && name !== '.' && !name.startsWith('..');
}
