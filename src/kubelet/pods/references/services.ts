/** All services of the cluster, for the variables that tell containers where they are. */
import { isVickError } from '../../../errors/vick-error.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Service } from '../../../platform/kubernetes-objects.ts';
import type { Log } from '../../../platform/log.ts';
import type { Cluster, ServiceUpdate } from '../../cluster.ts';
import { deferred } from '../../deferred.ts';
import { omit } from '../../omit.ts';

export interface ServiceDirectoryOptions {
  readonly cluster: Pick<Cluster, 'watchServices'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long the start of a container waits for the first list of services. */
const FIRST_LIST_MS = 10_000;

export class ServiceDirectory {
  private readonly options: ServiceDirectoryOptions;
  private readonly services = new Map<string, Service>();
  private readonly first = deferred<undefined>();
  private synced = false;
  private forbidden = false;

  constructor(options: ServiceDirectoryOptions) {
    this.options = options;
  }

  /** Follows the services until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.options.cluster.watchServices((update) => this.take(update), signal);
  }

  /** What is known, once it is; rejects when it takes too long. An identity that may not list services knows none. */
  async list(): Promise<readonly Service[]> {
    if (!this.synced) await this.firstList();
    return [...this.services.values()];
  }

  private async firstList(): Promise<void> {
    let cancel: () => void = () => undefined;
    const late = new Promise<undefined>((resolve) => {
      cancel = this.options.clock.schedule(FIRST_LIST_MS, () => resolve(undefined));
    });
    await Promise.race([this.first.promise, late]);
    cancel();
    if (!this.synced) throw new Error('services have not yet been read at least once, cannot construct envvars');
  }

  private take(update: ServiceUpdate): void {
    switch (update.kind) {
      case 'listed':
        this.services.clear();
        for (const service of update.services) this.services.set(nameOf(service), slim(service));
        this.sync();
        return;
      case 'changed':
        this.services.set(nameOf(update.service), slim(update.service));
        return;
      case 'deleted':
        this.services.delete(nameOf(update.service));
        return;
      case 'interrupted':
        if (isVickError(update.error) && update.error.code === 'KUBE_FORBIDDEN') this.refuse(update.error);
    }
  }

  private refuse(error: Error): void {
    if (!this.forbidden) this.options.log.warn('services may not be listed: containers start without service variables', { error });
    this.forbidden = true;
    this.sync();
  }

  private sync(): void {
    this.synced = true;
    this.first.resolve(undefined);
  }
}

function nameOf({ metadata }: Service): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}

function slim(service: Service): Service {
  if (service.metadata === undefined) return service;
  return { spec: { ...omit(service.spec ?? {}, 'selector') }, metadata: omit(service.metadata, 'managedFields', 'annotations', 'labels') };
}
