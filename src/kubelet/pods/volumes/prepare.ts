/** The volumes of a pod as a provider gets them. */
import { messageOf } from '../../../errors/vick-error.ts';
import type { Pod, Volume } from '../../../platform/kubernetes-objects.ts';
import { parseQuantity, quantityValue } from '../../../platform/quantity.ts';
import type { VolumeRequest } from '../../provider.ts';
import { buildFiles, isFileVolume, type BuiltFiles, type VolumeSources } from './build-files.ts';
import { tokenVolumes } from '../support.ts';
import { VolumeFailure, type VolumeProblem } from './failure.ts';

export interface PreparedVolumes {
  readonly requests: readonly VolumeRequest[];
  /** Of the volumes whose files are put together here, by volume name. */
  readonly built: ReadonlyMap<string, BuiltFiles>;
}

/** All volumes but those of `leftOut`. Rejects with VolumeFailure that names every volume which cannot be set up. */
export async function prepareVolumes(pod: Pod, sources: VolumeSources, leftOut: ReadonlySet<string>): Promise<PreparedVolumes> {
  const requests: VolumeRequest[] = [];
  const built = new Map<string, BuiltFiles>();
  const problems: VolumeProblem[] = [];
  let cause: unknown;
  for (const volume of (pod.spec?.volumes ?? []).filter(({ name }) => !leftOut.has(name))) {
    try {
      if (isFileVolume(volume)) built.set(volume.name, await buildFiles(pod, volume, sources));
      requests.push(volumeRequest(pod, volume, built.get(volume.name)));
    } catch (error) {
      cause ??= error;
      problems.push({ volume: volume.name, message: messageOf(error) });
    }
  }
  if (problems.length > 0) throw new VolumeFailure(problems, cause);
  return { requests, built };
}

function volumeRequest(pod: Pod, volume: Volume, built: BuiltFiles | undefined): VolumeRequest {
  const { name, emptyDir, hostPath, secret, projected } = volume;
  const group = pod.spec?.securityContext?.fsGroup;
  const token = tokenVolumes(pod).has(name) ? { injectedToken: true as const } : {};
  const fsGroup = group === undefined ? {} : { fsGroup: group };
  if (built !== undefined) return { name, kind: 'files', files: built.files, inMemory: secret !== undefined || projected !== undefined, ...fsGroup, ...token };
  if (hostPath !== undefined) return { name, kind: 'hostPath', path: hostPath.path, type: hostPath.type ?? '' };
  // A volume with no source at all is an emptyDir (pkg/apis/core/v1/defaults.go).
  const other = Object.keys(volume).filter((key) => key !== 'name' && key !== 'emptyDir');
  if (other.length > 0) throw new Error(`volumes of type ${other.join(', ')} are not supported on this node`);
  const { medium = '', sizeLimit } = emptyDir ?? {};
  if (medium !== '' && medium !== 'Memory') throw new Error(`emptyDir medium ${medium} is not supported on this node`);
  const limit = sizeLimit === undefined ? 0 : quantityValue(parseQuantity(sizeLimit));
  return { name, kind: 'emptyDir', medium: medium === 'Memory' ? 'memory' : 'disk', ...(limit > 0 ? { sizeLimitBytes: limit } : {}), ...fsGroup };
}
