/** What the personality keeps with a volume, in the port layer's metadata: a JSON document under one key. */
import { DockerError } from './errors.ts';

const KEY = 'DockerMetaData';

export interface VolumeMetadata {
  readonly Driver: string;
  readonly DriverOpts: Readonly<Record<string, string>> | null;
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly AttachHistory: readonly string[];
  readonly Image: string;
}

export function writeVolumeMetadata(metadata: VolumeMetadata): Readonly<Record<string, string>> {
  return { [KEY]: JSON.stringify(metadata) };
}

/** Throws 500 for a volume that was made without it: one such breaks the list for everybody. */
export function readVolumeMetadata(stored: Readonly<Record<string, string>> | undefined): Partial<VolumeMetadata> {
  const text = stored?.[KEY];
  if (text === undefined) throw new DockerError(500, `error unmarshalling docker metadata: metadata ${KEY} missing`);
  try {
    return JSON.parse(text) as Partial<VolumeMetadata>;
  } catch (error) {
    throw new DockerError(500, `error unmarshalling docker metadata: ${error instanceof Error ? error.message : String(error)}`);
  }
}
