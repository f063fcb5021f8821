import type { SandboxFacts } from './port.ts';

export type Shell = 'sh' | 'fish' | 'powershell';

/** The variables that point kubectl, vick and vic-machine at the sandbox. */
export function sandboxVariables(facts: SandboxFacts): Readonly<Record<string, string>> {
  return {
    KUBECONFIG: facts.kubeconfig,
    VICK_VIC_MACHINE: facts.vicMachine,
    VICK_ALLOW_LOOPBACK: 'true',
    VIC_MACHINE_TARGET: facts.vsphere.target,
    VIC_MACHINE_USER: facts.vsphere.user,
    VIC_MACHINE_PASSWORD: facts.vsphere.password,
    VIC_MACHINE_THUMBPRINT: facts.vsphere.thumbprint,
  };
}

/** Lines for `eval`, in the syntax of `shell`; values are quoted, whatever is in them. */
export function renderVariables(variables: Readonly<Record<string, string>>, shell: Shell): string {
  const write: Record<Shell, (name: string, value: string) => string> = {
    sh: (name, value) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`,
    fish: (name, value) => `set -gx ${name} '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
    powershell: (name, value) => `$env:${name} = '${value.replaceAll("'", "''")}'`,
  };
  return Object.entries(variables)
    .map(([name, value]) => write[shell](name, value))
    .join('\n');
}
