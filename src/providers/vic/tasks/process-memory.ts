import { DEFAULT_PATH, type ProcessConfig } from '../vm/process-config.ts';
import type { PodContainer } from '../vm/identity.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { TaskPlan } from '../plan/plan-create.ts';
import { readPipes } from '../vm/pipe-words.ts';
import type { PodVm } from '../vm/pod-index.ts';

/** What containers were started as: commands inside them run with the same variables, folder and user. */
export interface ProcessMemory {
  remember(vmId: string, tasks: readonly TaskPlan[]): void;
  forget(vmId: string): void;
  /**
   * As this process started it; else what the port layer shows of the VM's primary; else, for any other container that an
   * earlier kubelet started, what its image says.
   */
  read(vm: PodVm, container: PodContainer, primary: boolean, signal: AbortSignal): Promise<ProcessConfig>;
}

export function createProcessMemory(images: ImageStore): ProcessMemory {
  const known = new Map<string, ReadonlyMap<string, ProcessConfig>>();
  return {
    remember: (vmId, tasks) => {
      known.set(vmId, new Map([...(known.get(vmId) ?? []), ...tasks.map(({ container, process }) => [container, process] as const)]));
    },
    forget: (vmId) => {
      known.delete(vmId);
    },
    read: async ({ info }, container, primary, signal) => {
      const own = known.get(info.id)?.get(container.name);
      if (own !== undefined) return own;
      const { path, args: words, env, workingDir, user } = info.process;
      // The first word repeats the path.
      if (primary) return { ...readPipes({ path, args: words.slice(1), env }), workingDir, user, stopSignal: container.stopSignal };
      const image = (await images.byId(container.imageId, signal))?.config;
      const variables = image?.env ?? [];
      return {
        ...{ path: '', args: [], workingDir: image?.workingDir ?? '', user: image?.user ?? '', stopSignal: container.stopSignal },
        env: variables.some((entry) => entry.startsWith('PATH=')) ? variables : [DEFAULT_PATH, ...variables],
      };
    },
  };
}
