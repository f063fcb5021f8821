/** How the containers of a sandbox are known, and how they are removed. */
import { containerFailure } from '../../clients/docker-engine/container-failure.ts';
import type { ContainerEngine } from '../../clients/docker-engine/containers-port.ts';

/** On every container of a sandbox; the value names the sandbox. */
export const SITE_LABEL = 'vick.dev/sandbox';
/** On every container of a machine. */
export const MACHINE_LABEL = 'vick.dev/sandbox-machine';

/** Beside MACHINE_LABEL. */
export const ROLE_LABEL = 'vick.dev/sandbox-role';
export const HOLDER = 'holder';

/** Removes every container of the sandbox `site`; how many there were. Rejects with ENGINE when the engine cannot be asked. */
export async function sweepContainers(engine: ContainerEngine, site: string, signal: AbortSignal): Promise<number> {
  return removeLabelled(engine, `${SITE_LABEL}=${site}`, signal);
}

/** Repeated until none is left: a container may have been under way. */
export async function removeLabelled(engine: ContainerEngine, label: string, signal: AbortSignal): Promise<number> {
  let removed = 0;
  for (;;) {
    const found = await engine.listContainers({ label: [label] }, signal);
    if (found.length === 0) return removed;
    // Tasks first: a namespace's holder that goes before them is missed by some engines.
    const holders = found.filter(({ Labels }) => Labels?.[ROLE_LABEL] === HOLDER);
    const tasks = found.filter((one) => !holders.includes(one));
    for (const group of [tasks, holders]) await Promise.all(group.map(({ Id }) => remove(engine, Id, signal)));
    removed += found.length;
  }
}

/** Somebody else's removal of the same container is as good as ours. */
async function remove(engine: ContainerEngine, id: string, signal: AbortSignal): Promise<void> {
  try {
    await engine.removeContainer(id, signal);
  } catch (error) {
    if (containerFailure(error)?.httpStatus !== 409) throw error;
  }
}
