import { join } from 'node:path';
import { VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';

/** The programs of a real control plane, as envtest's KUBEBUILDER_ASSETS folder holds them. */
export interface ControlPlaneBinaries {
  readonly etcd: string;
  readonly apiServer: string;
  readonly controllerManager: string | undefined;
  readonly scheduler: string | undefined;
}

/** Finds them in `folder`. SANDBOX_FAILED names what is missing; controller manager and scheduler are optional. */
export async function findBinaries(folder: string, fs: FileSystem): Promise<ControlPlaneBinaries> {
  const find = async (name: string): Promise<string | undefined> => ((await fs.isExecutable(join(folder, name))) ? join(folder, name) : undefined);
  const [etcd, apiServer, controllerManager, scheduler] = await Promise.all(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(find));
  if (etcd === undefined || apiServer === undefined) {
    const missing = [etcd === undefined ? 'etcd' : '', apiServer === undefined ? 'kube-apiserver' : ''].filter((name) => name !== '').join(' and ');
    throw new VickError('SANDBOX_FAILED', `KUBEBUILDER_ASSETS=${folder} has no executable ${missing}`, {
      hint: 'Point KUBEBUILDER_ASSETS at a folder made by setup-envtest, or unset it to use the embedded control plane.',
    });
  }
  return { etcd, apiServer, controllerManager, scheduler };
}
