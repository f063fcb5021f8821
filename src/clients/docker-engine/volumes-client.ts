import type Dockerode from 'dockerode';
import type { EngineCalls } from './calls.ts';
import type { ContainerEngine, WireVolume } from './containers-port.ts';
import { dial } from './modem.ts';

type VolumeCalls = Pick<ContainerEngine, 'putArchive' | 'getArchive' | 'listVolumes' | 'createVolume' | 'removeVolume'>;

/** Volumes, and files of containers. */
export function volumeCalls({ docker, call, unless }: EngineCalls): VolumeCalls {
  return {
    putArchive: async (id, path, tar, signal) => {
      await call(`upload to ${id}`, signal, (abortSignal) => docker.getContainer(id).putArchive(tar, { path, abortSignal }));
    },
    getArchive: async (id, path, limitBytes, signal) => {
      const reading = async (abortSignal: AbortSignal): Promise<Buffer> => {
        const chunks: Buffer[] = [];
        let size = 0;
        // Leaving the loop closes the connection: what is beyond the limit is not read.
        for await (const chunk of await docker.getContainer(id).getArchive({ path, abortSignal })) {
          chunks.push(chunk as Buffer);
          size += (chunk as Buffer).length;
          if (size >= limitBytes) break;
        }
        return Buffer.concat(chunks).subarray(0, limitBytes);
      };
      return await unless([404], undefined, call(`download from ${id}`, signal, reading));
    },

    listVolumes: async (filters, signal) => {
      const query = { filters: JSON.stringify(filters), abortSignal: signal } as unknown as Dockerode.VolumeListOptions;
      const { Volumes } = await call('list of volumes', signal, () => docker.listVolumes(query) as unknown as Promise<VolumeList>);
      return Volumes ?? [];
    },
    createVolume: (spec, signal) =>
      call(
        `creation of volume ${spec.Name}`,
        signal,
        (abortSignal) =>
          dial(docker, {
            path: '/volumes/create',
            method: 'POST',
            options: { ...spec },
            abortSignal,
            isStream: false,
            statusCodes: { 200: true, 201: true },
          }) as Promise<WireVolume>,
      ),
    removeVolume: async (name, signal) => {
      const removing = call(
        `removal of volume ${name}`,
        signal,
        (abortSignal) => docker.getVolume(name).remove({ abortSignal } as Dockerode.VolumeRemoveOptions) as Promise<unknown>,
      );
      return (await unless([404], 'absent', removing)) !== 'absent';
    },
  };
}

interface VolumeList {
  readonly Volumes?: readonly WireVolume[] | null;
}
