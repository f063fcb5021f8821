import type { Table } from '../table.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { completionModel, type CompletionModel } from './model.ts';
import { powershellCompletion } from './powershell.ts';
import { zshCompletion } from './zsh.ts';

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof SHELLS)[number];

const GENERATORS: Readonly<Record<Shell, (model: CompletionModel) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
};

/** Where each script stands in the repository and what its shell expects it to be called. */
export const COMPLETION_FILES: Readonly<Record<Shell, string>> = { bash: 'vick.bash', zsh: '_vick', fish: 'vick.fish', powershell: 'vick.ps1' };

export function completionScript(shell: Shell, table: Table): string {
  return GENERATORS[shell](completionModel(table));
}
