import type { CommandSpec } from '../spec.ts';

export const completionSpec: CommandSpec = {
  path: ['completion'],
  summary: 'print the completion script of a shell',
  args: [{ name: 'SHELL', description: 'bash, zsh, fish or powershell', required: true, completes: ['bash', 'zsh', 'fish', 'powershell'] }],
  flags: [],
  examples: [
    { say: 'This bash session', run: 'source <(vick completion bash)' },
    { say: 'Every zsh session', run: 'vick completion zsh > "${fpath[1]}/_vick"' },
    { say: 'Every fish session', run: 'vick completion fish > ~/.config/fish/completions/vick.fish' },
    { say: 'This PowerShell session', run: 'vick completion powershell | Out-String | Invoke-Expression' },
  ],
  load: async () => (await import('../commands/completion.ts')).runCompletion,
};
