import type { FileSystem } from '../../platform/fs.ts';
import { readEngine } from './engine.ts';
import { sandboxPaths } from './facts.ts';
import type { SandboxAccess } from './port.ts';

/** The sandbox's own process: serves until it is told to end, and says that it is ready by writing its facts. */
export async function serveSandbox(
  input: { readonly stateDirectory: string; readonly assets: string | undefined; readonly virtualKubelet?: string | undefined },
  deps: { readonly fs: FileSystem; readonly sandbox: SandboxAccess },
  signal: AbortSignal,
): Promise<void> {
  const paths = sandboxPaths(input.stateDirectory);
  await deps.fs.makeDirectory(paths.directory, { mode: 0o700 });
  const engine = await readEngine(paths.engine, deps.fs);
  await deps.sandbox.serve(
    {
      directory: paths.directory,
      processesFile: paths.processes,
      vchDirectory: paths.vchs,
      assets: input.assets,
      ...(input.virtualKubelet === undefined ? {} : { virtualKubelet: input.virtualKubelet }),
      ...(engine === undefined ? {} : { engine }),
      // The password is in it, so only its owner may read it.
      ready: (facts) => deps.fs.writeFile(paths.facts, `${JSON.stringify(facts, undefined, 2)}\n`, { mode: 0o600 }),
    },
    signal,
  );
}
