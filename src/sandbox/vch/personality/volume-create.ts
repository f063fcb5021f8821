/** Making volumes, by `POST /volumes/create` and for the binds of a container (vmware/vic lib/apiservers/engine/proxy/storage_proxy.go). */
import { PortLayerError } from '../port-layer/replies.ts';
import type { PortLayerState } from '../port-layer/state.ts';
import { DockerError, guessedStatus } from './errors.ts';
import { capacityMb } from './volume-capacity.ts';
import { writeVolumeMetadata } from './volume-metadata.ts';

export interface VolumeRequest {
  readonly name: string;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>> | null;
}

/** What the port layer answers for a volume. */
export interface StoredVolume {
  readonly Driver: string;
  readonly Label: string;
  readonly Metadata?: Readonly<Record<string, string>>;
  readonly Name: string;
  readonly Store: string;
}

const DRIVERS = new Set(['vsphere', 'local']);
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** The last three are the personality's own, for volumes made with a container. */
const OPTIONS = new Set(['volumestore', 'capacity', 'flags', 'container', 'image']);
const NOT_FOUND = 404;
const CONFLICT = 409;

/** Throws the refusals of a VCH: everything is 500. */
export function createVolume({ volumes }: Pick<PortLayerState, 'volumes'>, request: VolumeRequest): StoredVolume {
  const { name, driver, labels } = request;
  if (!DRIVERS.has(driver)) throw refused(`error looking up volume plugin ${driver}: plugin not found`);
  if (!NAME.test(name)) throw refused(`volume name ${JSON.stringify(name)} includes invalid characters, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`);
  const options = knownOptions(request.options);
  if (capacity(options) === 0) throw refused('Capacity in body is required');
  const store = options['volumestore'] ?? 'default';
  const metadata = {
    ...{ Driver: driver, DriverOpts: options, Name: name, Labels: labels },
    ...{ AttachHistory: [options['container'] ?? ''], Image: options['image'] ?? '' },
  };
  try {
    return volumes.create({ name, driver, store, metadata: writeVolumeMetadata(metadata) }) as StoredVolume;
  } catch (error) {
    if (!(error instanceof PortLayerError)) throw error;
    if (error.status === CONFLICT) throw guessedStatus(`A volume named ${name} already exists. Choose a different volume name.`);
    throw refused(error.status === NOT_FOUND ? `No volume store named (${store}) exists` : error.message);
  }
}

/** With keys in lower case. */
function knownOptions(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const unknown = Object.keys(given).find((key) => !OPTIONS.has(key.toLowerCase()));
  if (unknown !== undefined) throw refused(`bad driver value - ${unknown} is not a supported option`);
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value]));
}

function capacity(options: Readonly<Record<string, string>>): number {
  try {
    return capacityMb(options['capacity']);
  } catch (error) {
    throw refused(`bad driver value - ${error instanceof Error ? error.message : String(error)}`);
  }
}

function refused(message: string): DockerError {
  return new DockerError(500, message);
}
