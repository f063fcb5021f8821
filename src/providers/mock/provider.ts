/**
 * Pods that only say that they run: for trying out controllers, schedulers and dashboards, and for measuring the kubelet
 * itself. They do what their annotations say (annotations.ts), or else what their command comes to (script.ts).
 */
import type { PodProvider } from '../../kubelet/provider.ts';
import type { Clock } from '../../platform/clock.ts';
import type { MockBackEnd } from './back-end.ts';
import { mockLogs } from './logs.ts';
import { mockNetwork } from './network.ts';
import { mockCapacity, mockNodeFacts } from './node.ts';
import { observe } from './pods.ts';
import { mockAttach, mockExec } from './sessions.ts';
import { mockStats } from './stats.ts';
import { MOCK_SUPPORT } from './support.ts';

export interface MockProviderOptions {
  readonly nodeName: string;
  /** At which the kubelet's server is reached. */
  readonly addresses: readonly string[];
  readonly clock: Clock;
  /** Resources that the node reports instead of the default ones. */
  readonly capacityOverrides?: Readonly<Record<string, string>>;
}

export function mockProvider(back: MockBackEnd, { nodeName, addresses, clock, capacityOverrides = {} }: MockProviderOptions): PodProvider {
  const facts = mockNodeFacts(nodeName, addresses);
  const capacity = mockCapacity(capacityOverrides);
  const logs = mockLogs(back, clock);
  return {
    name: 'mock',
    support: MOCK_SUPPORT,
    logs,
    exec: mockExec(back, clock),
    attach: mockAttach(back, logs),
    network: mockNetwork(back, clock),
    stats: mockStats(back, clock, capacity.capacity),
    volumes: {
      update: ({ uid, volume }, files) => {
        back.update(uid, volume, files);
        return Promise.resolve();
      },
    },
    describe: () => Promise.resolve(facts),
    capacity: () => Promise.resolve(capacity),
    health: () => Promise.resolve({ healthy: true, components: [{ name: 'mock', healthy: true }] }),
    list: async (signal) => {
      await back.recall(signal);
      return [...back.pods.values()].map(({ uid, namespace, name }) => ({ uid, namespace, name }));
    },
    create: (request, signal) => back.create(request, signal),
    start: (request, signal) => back.start(request, signal),
    stop: (target, signal) => back.stop(target, signal),
    remove: (uid) => {
      back.remove(uid);
      return Promise.resolve();
    },
    status: (uid) => {
      const pod = back.pods.get(uid);
      return Promise.resolve(pod === undefined ? undefined : observe(pod));
    },
    watch: (onChange, signal) => back.watch(onChange, signal),
  };
}
