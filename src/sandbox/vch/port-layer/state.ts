import type { Clock } from '../../../platform/clock.ts';
import type { Random } from '../../../platform/random.ts';
import type { EngineImages } from '../../engines/port.ts';
import type { Containers } from './containers.ts';
import type { Events } from './events.ts';
import type { Handles } from './handles.ts';
import type { KeyValueStore } from './kv.ts';
import type { NetworkContext } from './networks.ts';
import type { ImageStore, VolumeStore } from './storage.ts';

/** Facts about the VCH that its own services tell. */
export interface VchFacts {
  readonly name: string;
  readonly biosUuid: string;
  /** Product version; may be empty. */
  readonly version: string;
  readonly debug: number;
  /** Limits of the resource pool. */
  readonly cpuMhz: number;
  readonly memoryMiB: number;
  readonly insecureRegistries: readonly string[];
}

/** Everything that the port layer's operations share. */
export interface PortLayerState {
  readonly facts: VchFacts;
  /** Where what container VMs listen at is found on this computer; undefined: at their addresses. */
  readonly podsAt: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly handles: Handles;
  readonly containers: Containers;
  readonly networks: NetworkContext;
  readonly events: Events;
  readonly kv: KeyValueStore;
  readonly images: ImageStore;
  readonly volumes: VolumeStore;
  /** Where images come from and what they are; undefined: a built-in catalogue of names. */
  readonly engineImages: EngineImages | undefined;
}
