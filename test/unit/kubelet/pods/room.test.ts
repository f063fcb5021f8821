import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newRuntime, type PodRuntime } from '../../../../src/kubelet/pods/runtime.ts';
import { Room } from '../../../../src/kubelet/pods/room.ts';
import { plus, podRequests, type ResourceAmounts } from '../../../../src/platform/pod-requests.ts';

const runtime = (uid: string, cpu: number): PodRuntime =>
  newRuntime({
    metadata: { uid },
    spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: `${String(cpu)}m` } } }] },
    status: { phase: 'Pending' },
  });

const set = (amounts: ResourceAmounts): ResourceAmounts => Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount !== 0n));

describe('the room that pods take', () => {
  it('is that of the accepted pods that have not ended, whatever happened in whichever order', () => {
    const step = fc.record({
      uid: fc.constantFrom('a', 'b', 'c', 'd'),
      what: fc.constantFrom('accept', 'end', 'vanish', 'delete', 'nothing'),
      cpu: fc.integer({ min: 0, max: 500 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const room = new Room();
        const pods = new Map<string, PodRuntime>();
        for (const { uid, what, cpu } of steps) {
          const pod = pods.get(uid) ?? runtime(uid, cpu);
          pods.set(uid, pod);
          if (what === 'accept') pod.history = { ...pod.history, admitted: true };
          if (what === 'end') pod.status = { phase: 'Succeeded' };
          if (what === 'vanish') pod.gone = true;
          if (what === 'delete') pod.deleted = true;
          room.note(uid, pod);
          if (what === 'vanish' || what === 'delete') pods.delete(uid);
        }
        const taking = [...pods].filter(([, { history, status }]) => history.admitted && status?.phase !== 'Succeeded');
        const all = taking.map(([, { pod }]) => podRequests(pod)).reduce(plus, {});
        expect(set(room.besides('nobody').used)).toEqual(set(all));
        expect(room.besides('nobody').podCount).toBe(taking.length);
        for (const [uid] of taking) {
          const others = taking.filter(([other]) => other !== uid).map(([, { pod }]) => podRequests(pod));
          expect(set(room.besides(uid).used)).toEqual(set(others.reduce(plus, {})));
          expect(room.besides(uid).podCount).toBe(taking.length - 1);
        }
      }),
    );
  });
});
