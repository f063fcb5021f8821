/** Whether a container that ended with `exitCode` runs again. Kubernetes' default policy is Always. */
export function wantsRestart(policy: string | undefined, exitCode: number): boolean {
  if (policy === 'Never') return false;
  return policy === 'OnFailure' ? exitCode !== 0 : true;
}
