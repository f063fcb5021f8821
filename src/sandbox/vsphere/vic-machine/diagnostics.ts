import { join } from 'node:path';
import type { Inventory } from '../inventory.ts';
import type { Invocation } from './io.ts';

/** After a failure: says which vSphere logs are fetched, and leaves vpxd.log and hostd.log in the current folder. */
export async function collectDiagnostics({ io, log }: Invocation, inventory: Inventory, hostId?: string): Promise<void> {
  const save = (file: string) => io.fs.writeFile(join(io.cwd, file), `${file} of the vick sandbox\n`).catch(() => undefined);
  if (inventory.kind === 'vcenter') {
    log.info(`Collecting ${inventory.instanceUuid} vpxd.log`);
    await save('vpxd.log');
  }
  if (hostId === undefined) return;
  log.info(`Collecting ${hostId} hostd.log`);
  await save('hostd.log');
}
