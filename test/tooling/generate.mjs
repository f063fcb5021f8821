// Writes what is made from the command table and checked in: the completion scripts, printed by the built program.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const root = new URL('../../', import.meta.url);
const files = { bash: 'vick.bash', zsh: '_vick', fish: 'vick.fish', powershell: 'vick.ps1' };

for (const [shell, file] of Object.entries(files)) {
  const { stdout } = await promisify(execFile)(process.execPath, [new URL('bin/vick.js', root).pathname, 'completion', shell]);
  await writeFile(new URL(`completions/${file}`, root), stdout);
}
