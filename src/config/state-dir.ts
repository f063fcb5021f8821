import { join, resolve } from 'node:path';

export interface StateDirectoryInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
}

/**
 * The folder in which vick keeps what must outlive a command: `$VICK_STATE_DIR`, else `$XDG_STATE_HOME/vick`, else
 * `~/.local/state/vick`. Always absolute. An empty variable counts as unset, and so does a relative XDG_STATE_HOME
 * (XDG Base Directory Specification: "All paths … must be absolute").
 */
export function stateDirectory({ env, homeDirectory }: StateDirectoryInput): string {
  const own = env['VICK_STATE_DIR'];
  if (own !== undefined && own !== '') return resolve(own);
  const xdg = env['XDG_STATE_HOME'];
  if (xdg?.startsWith('/') === true) return join(xdg, 'vick');
  return join(homeDirectory, '.local', 'state', 'vick');
}
