/** The VCH itself: its pods, then vic-machine delete, then the proof that it is gone. */
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import type { VchListing } from '../../clients/vic-machine/ls-table.ts';
import type { RunContext } from '../../clients/vic-machine/port.ts';
import { isVickError, VickError } from '../../errors/vick-error.ts';
import type { Reporter } from '../../platform/talk.ts';
import type { DeleteVchRequest } from './delete.ts';
import { drain, type PodRef } from './drain.ts';
import { cordon } from './node-removal.ts';
import type { VchDeps } from './ports.ts';
import type { VicSession } from './vic-session.ts';

/** What stands around the VCH. */
interface Surroundings {
  readonly nodeName: string;
  readonly hasNode: boolean;
  readonly pods: readonly PodRef[];
  readonly folder: string;
}

/** Cordons the node, deletes its pods and the VCH; uncordons and says what was left when that fails. */
export async function removeVch(
  request: DeleteVchRequest,
  vch: VchListing,
  session: VicSession,
  api: KubernetesApi | undefined,
  around: Surroundings,
  deps: VchDeps,
  signal: AbortSignal,
): Promise<{ readonly problems: readonly string[]; readonly keptVolumeStores: readonly string[] }> {
  const uncordon = api !== undefined && around.hasNode ? await cordon(api, around.nodeName, signal) : undefined;
  try {
    if (api !== undefined && around.pods.length > 0) {
      await drainAsStep(api, around, request, deps, signal);
    }
    await deps.fs.makeDirectory(around.folder, { mode: 0o700 });
    const force = await mayForce(request, vch, session, deps, signal);
    const context: RunContext = {
      workingDirectory: around.folder,
      signal,
      limitMs: request.timeoutMs + 60_000,
      onLine: (line) => {
        deps.reporter.verbose(line);
      },
    };
    const result = await asStep(deps.reporter, `Delete VCH ${vch.name} (${vch.id})`, () =>
      session.vic.delete(request.target, { id: vch.id }, { force, timeoutMs: request.timeoutMs }, context),
    );
    await asStep(deps.reporter, 'See that it is gone', () => verifyGone(request, vch, session, signal));
    return result;
  } catch (error) {
    await uncordon?.();
    throw explain(error, vch, around, signal);
  }
}

async function drainAsStep(api: KubernetesApi, around: Surroundings, request: DeleteVchRequest, deps: VchDeps, signal: AbortSignal): Promise<void> {
  const step = deps.reporter.step(`Evict ${around.pods.length === 1 ? 'a pod' : `${around.pods.length} pods`} of ${around.nodeName}`, { name: 'drain' });
  try {
    const onState = (state: string): void => {
      step.detail(state);
    };
    await drain(api, around.pods, request.drain, { clock: deps.clock, onState }, signal);
    step.done();
  } catch (error) {
    step.fail();
    throw error;
  }
}

/**
 * vic-machine delete --force also deletes volume stores with their content (vmware/vic#2719, #5124). So it is passed
 * with --delete-volumes, or with --force alone when the VCH is known to have no volume store.
 */
async function mayForce(request: DeleteVchRequest, vch: VchListing, session: VicSession, deps: VchDeps, signal: AbortSignal): Promise<boolean> {
  if (request.deleteVolumes) return true;
  if (!request.drain.force) return false;
  try {
    const configuration = await session.vic.inspectConfig(request.target, { id: vch.id }, session.query(signal));
    const stores = configuration['volume-store'] ?? [];
    if (stores.length === 0) return true;
    deps.reporter.warn(`vic-machine is not forced: that would delete the volume stores ${stores.join(', ')} (--delete-volumes)`);
  } catch (error) {
    signal.throwIfAborted();
    if (!isVickError(error)) throw error;
    deps.reporter.warn('vic-machine is not forced: whether the VCH has volume stores cannot be seen (--delete-volumes forces it)');
  }
  return false;
}

async function verifyGone(request: DeleteVchRequest, vch: VchListing, session: VicSession, signal: AbortSignal): Promise<void> {
  const left = await session.vic.list(request.target, { computeResource: request.computeResource }, session.query(signal));
  if (left.some((other) => other.id === vch.id)) {
    throw new VickError('PARTIAL', `vic-machine says that it deleted ${vch.name} (${vch.id}), but it is still listed`, {
      hint: 'Run the command again; a delete may stop half way.',
    });
  }
}

/** A delete is not atomic: what failed half way cannot start again, and deleting again is the way out. */
function explain(error: unknown, vch: VchListing, around: Surroundings, signal: AbortSignal): unknown {
  const again = 'Delete is not atomic: run the same command again to finish it.';
  if (signal.aborted) {
    return new VickError(
      'CANCELLED',
      `interrupted while deleting the VCH ${vch.name} (${vch.id})\nIt may be half deleted; its node ${around.nodeName} and ${around.folder} were left.`,
      { hint: again, cause: error },
    );
  }
  if (!isVickError(error)) return error;
  const hint = [error.hint, error.code === 'VCH_BUSY' ? undefined : again].filter((part) => part !== undefined).join(' ');
  return new VickError(error.code, `${error.message}\nThe node ${around.nodeName} and local files were left as they are.`, {
    cause: error.cause,
    ...(hint === '' ? {} : { hint }),
    ...(error.details === undefined ? {} : { details: error.details }),
  });
}

/** Does `work` as one reported step. */
export async function asStep<T>(reporter: Reporter, title: string, work: () => Promise<T>): Promise<T> {
  const step = reporter.step(title);
  try {
    const result = await work();
    step.done();
    return result;
  } catch (error) {
    step.fail();
    throw error;
  }
}
