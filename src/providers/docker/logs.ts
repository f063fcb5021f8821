import { bytesOf } from '../../clients/docker-engine/demultiplex.ts';
import type { ContainerLogs } from '../../kubelet/capabilities.ts';
import type { DockerContext } from './context.ts';
import { findRun } from './find-container.ts';

/** Logs as the engine keeps them. Podman's times are whole seconds. */
export function containerLogs(context: DockerContext): ContainerLogs {
  return {
    open: async (target, { follow, previous, since, tailLines, timestamps, stream }, signal) => {
      const run = await findRun(context, target, previous, signal);
      const log = await context.engine.logs(
        run.Id,
        {
          stdout: stream !== 'stderr',
          stderr: stream !== 'stdout',
          // What has ended writes no more; an engine that is asked to follow may wait all the same.
          follow: follow && run.State?.Running === true,
          timestamps,
          tail: tailLines === undefined ? 'all' : String(tailLines),
          ...(since === undefined ? {} : { since: (since / 1000).toFixed(3) }),
        },
        signal,
      );
      return bytesOf(log, run.Config?.Tty !== true);
    },
  };
}
