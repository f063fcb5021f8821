/**
 * Everything outside its spec that a pod is made of: objects it refers to, services, tokens, the files of its volumes.
 * What is missing is waited for, and told when it is there.
 */
import type { Clock } from '../../../platform/clock.ts';
import type { NodeAddress, Pod, Secret } from '../../../platform/kubernetes-objects.ts';
import type { Log } from '../../../platform/log.ts';
import type { Random } from '../../../platform/random.ts';
import type { Cluster } from '../../cluster.ts';
import type { EventRecorder } from '../../events.ts';
import type { DefineContainers, PodProvider, VolumeRequest } from '../../provider.ts';
import { containerRequests } from '../container-requests.ts';
import type { MissingReference } from '../env.ts';
import type { EnvNameRule } from '../env-names.ts';
import type { Allocatable } from '../env-resources.ts';
import type { ApiServerAddress } from '../env-services.ts';
import { missingEvent } from '../missing-event.ts';
import { unmountedTokenVolumes } from '../support.ts';
import { buildFiles, type VolumeSources } from '../volumes/build-files.ts';
import { mountMessage } from '../volumes/failure.ts';
import { VolumeKeeper } from '../volumes/keeper.ts';
import { prepareVolumes } from '../volumes/prepare.ts';
import { referencedObjects } from './referenced-objects.ts';
import { References } from './references.ts';
import { ServiceDirectory } from './services.ts';
import { TokenManager } from './tokens.ts';

export interface PodInputsOptions {
  readonly nodeName: string;
  readonly cluster: Pick<Cluster, 'getConfigMap' | 'getSecret' | 'watchObject' | 'createToken' | 'watchServices'>;
  readonly provider: Pick<PodProvider, 'support' | 'volumes'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly addresses: () => readonly NodeAddress[];
  readonly allocatable: () => Allocatable;
  /** Something that the pod refers to has changed or come to be: what failed for want of it may be tried at once. */
  readonly onChange: (uid: string) => void;
  /** Where pods reach the API server, for `KUBERNETES_SERVICE_HOST` and `_PORT`; default: what its Service says. */
  readonly apiServer?: ApiServerAddress;
  /** Which keys of `envFrom` become variables; default `relaxed`. */
  readonly envNames?: EnvNameRule;
  readonly signal: AbortSignal;
}

export class PodInputs {
  private readonly options: PodInputsOptions;
  private readonly references: References;
  private readonly services: ServiceDirectory;
  private readonly tokens: TokenManager;
  private readonly keeper: VolumeKeeper | undefined;
  /** The newest object of each pod that was kept. */
  private readonly kept = new Map<string, Pod>();

  constructor(options: PodInputsOptions) {
    const { cluster, provider, clock, random, log, signal } = options;
    this.options = options;
    this.references = new References({ cluster, clock, log, signal, onChange: (uids) => this.changed(uids) });
    this.services = new ServiceDirectory({ cluster, clock, log });
    this.tokens = new TokenManager({ cluster, clock, random, log, signal });
    if (provider.volumes !== undefined) {
      this.keeper = new VolumeKeeper({
        ...{ volumes: provider.volumes, clock, log, signal },
        build: (pod, volume) => buildFiles(pod, volume, this.volumeSources()),
        leftOut: (pod) => this.leftOut(pod),
        onProblem: (pod, problem) => options.events.pod(pod, { type: 'Warning', reason: 'FailedMount', message: mountMessage(problem) }),
      });
    }
  }

  /** Follows services and polls what cannot be watched, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.services.run(signal), this.references.poll(signal)]);
  }

  /** The definitions of these containers of the pod; without names, of all but the ephemeral ones. */
  define(pod: Pod, names?: readonly string[]): DefineContainers {
    return async (podIPs) => {
      this.hold(pod);
      const { events, envNames, apiServer } = this.options;
      const sources = {
        ...{ ...this.volumeSources(), podIPs, services: () => this.services.list(), leftOutVolumes: this.leftOut(pod) },
        ...(envNames === undefined ? {} : { envNames }),
        ...(apiServer === undefined ? {} : { apiServer }),
        onSkipped: (message: string) => events.pod(pod, { type: 'Warning', reason: 'InvalidEnvironmentVariableNames', message }),
        onMissing: (missing: MissingReference) => events.pod(pod, missingEvent(missing), missing.container),
      };
      return await containerRequests(pod, sources, names);
    };
  }

  /** The volumes of a pod that is about to be created. Rejects with VolumeFailure for what is missing. */
  async prepareVolumes(pod: Pod): Promise<readonly VolumeRequest[]> {
    this.hold(pod);
    const { requests, built } = await prepareVolumes(pod, this.volumeSources(), this.leftOut(pod));
    this.keeper?.prepared(pod, built);
    return requests;
  }

  /** The back end has this pod, and it runs or is going to: what it refers to is followed from now on. */
  keep(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    if (this.kept.get(uid) === pod) return;
    this.kept.set(uid, pod);
    this.hold(pod);
    this.keeper?.keep(pod);
  }

  /** The pod has ended, or is gone. */
  release(uid: string): void {
    this.kept.delete(uid);
    this.references.release(uid);
    this.tokens.forget(uid);
    this.keeper?.forget(uid);
  }

  /** A Secret that the pod refers to, for the pull of its images; undefined when there is none. */
  async secret(namespace: string, name: string): Promise<Secret | undefined> {
    return await this.references.secret(namespace, name);
  }

  private hold(pod: Pod): void {
    this.references.hold(pod.metadata?.uid ?? '', referencedObjects(pod, this.leftOut(pod)));
  }

  private changed(uids: readonly string[]): void {
    for (const uid of uids) {
      this.keeper?.touch(uid);
      this.options.onChange(uid);
    }
  }

  private leftOut(pod: Pod): ReadonlySet<string> {
    return unmountedTokenVolumes(pod, this.options.provider.support);
  }

  private volumeSources(): VolumeSources {
    const { nodeName, addresses, allocatable } = this.options;
    return {
      nodeName,
      hostIPs: addresses().flatMap(({ type, address }) => (type === 'InternalIP' ? [address] : [])),
      podIPs: [],
      allocatable: allocatable(),
      objects: this.references,
      token: (wish) => this.tokens.token(wish),
    };
  }
}
