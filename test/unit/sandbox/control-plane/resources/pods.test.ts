import { describe, expect, it } from 'vitest';
import type { Draft, RequestContext } from '../../../../../src/sandbox/control-plane/resource.ts';
import { preparePodDelete } from '../../../../../src/sandbox/control-plane/resources/pods/delete.ts';
import { summarizePod } from '../../../../../src/sandbox/control-plane/resources/pods/printer.ts';
import { qosClassOf } from '../../../../../src/sandbox/control-plane/resources/pods/qos.ts';
import { humanDuration } from '../../../../../src/sandbox/control-plane/resources/tables/age.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';

const clock = new FakeClock(Date.UTC(2026, 10, 23, 12, 0, 0));
const context = { clock } as unknown as RequestContext;

describe('the STATUS column', () => {
  const waiting = (reason: string) => ({ name: 'm', state: { waiting: { reason } } });
  const ended = (terminated: object) => ({ name: 'm', state: { terminated } });
  it.each([
    ['Pending', {}, {}],
    ['ContainerCreating', {}, { containerStatuses: [waiting('ContainerCreating')] }],
    ['CrashLoopBackOff', {}, { phase: 'Running', containerStatuses: [waiting('CrashLoopBackOff')] }],
    ['Completed', {}, { phase: 'Succeeded', containerStatuses: [ended({ exitCode: 0, reason: 'Completed' })] }],
    ['Error', {}, { phase: 'Failed', containerStatuses: [ended({ exitCode: 1, reason: 'Error' })] }],
    ['ExitCode:3', {}, { phase: 'Failed', containerStatuses: [ended({ exitCode: 3 })] }],
    ['Signal:9', {}, { phase: 'Failed', containerStatuses: [ended({ exitCode: 137, signal: 9 })] }],
    ['Evicted', {}, { phase: 'Failed', reason: 'Evicted' }],
    ['Init:0/1', {}, { initContainerStatuses: [{ name: 'i', state: { running: {} } }] }],
    ['Init:Error', {}, { initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 1, reason: 'Error' } } }] }],
    ['Init:CrashLoopBackOff', {}, { initContainerStatuses: [{ name: 'i', state: { waiting: { reason: 'CrashLoopBackOff' } } }] }],
    [
      'PodInitializing',
      {},
      { initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 0 } } }], containerStatuses: [waiting('PodInitializing')] },
    ],
    ['Terminating', { deletionTimestamp: '2026-11-23T12:00:00Z' }, { phase: 'Running' }],
    ['Unknown', { deletionTimestamp: '2026-11-23T12:00:00Z' }, { phase: 'Running', reason: 'NodeLost' }],
    ['SchedulingGated', {}, { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }],
    [
      'NotReady',
      {},
      { phase: 'Running', containerStatuses: [ended({ exitCode: 0, reason: 'Completed' }), { name: 'n', ready: true, state: { running: {} } }] },
    ],
  ])('%s', (text, metadata, status) => {
    const pod: Draft = { metadata, spec: { initContainers: [{ name: 'i' }], containers: [{ name: 'm' }] }, status: { phase: 'Pending', ...status } };
    expect(summarizePod(pod).status).toBe(text);
  });
});

describe('DELETE of a pod', () => {
  const pod = (metadata: object, phase = 'Running', nodeName = 'n'): Draft => ({
    metadata: { generation: 1, ...metadata },
    spec: { nodeName, terminationGracePeriodSeconds: 30 },
    status: { phase },
  });
  const terminating = { deletionTimestamp: '2026-11-23T12:00:30Z', deletionGracePeriodSeconds: 30 };

  it.each([
    ['bound: gets its own grace', pod({}), undefined, 'update', '2026-11-23T12:00:30Z'],
    ['asked for less', pod({}), 5, 'update', '2026-11-23T12:00:05Z'],
    ['unscheduled', pod({}, 'Pending', ''), undefined, 'remove', '2026-11-23T12:00:00Z'],
    ['ended', pod({}, 'Succeeded'), undefined, 'remove', '2026-11-23T12:00:00Z'],
    ['again, shorter', pod(terminating), 5, 'update', '2026-11-23T12:00:05Z'],
    ['again, by force', pod(terminating), 0, 'remove', '2026-11-23T12:00:00Z'],
  ] as const)('%s', (_title, stored, gracePeriodSeconds, kind, deletionTimestamp) => {
    const decision = preparePodDelete(stored, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }, context);
    expect(decision).toMatchObject({ kind, draft: { metadata: { deletionTimestamp } } });
  });

  it.each([undefined, 30, 60])('again with %s changes nothing', (gracePeriodSeconds) => {
    expect(preparePodDelete(pod(terminating), gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }, context)).toEqual({ kind: 'unchanged' });
  });
});

it.each([
  ['BestEffort', [{}]],
  ['Burstable', [{ requests: { cpu: '1' } }]],
  ['Burstable', [{ limits: { cpu: '1', memory: '1Gi' } }, {}]],
  ['Guaranteed', [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }]],
])('quality of service: %s', (qos, resources) => {
  expect(qosClassOf({ containers: resources.map((one) => ({ resources: one })) })).toBe(qos);
});

it.each([
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [599, '9m59s'],
  [600, '10m'],
  [10_800, '3h'],
  [27_060, '7h31m'],
  [172_800, '2d'],
  [694_800, '8d'],
])('%d seconds are %s', (seconds, text) => {
  expect(humanDuration(seconds * 1000)).toBe(text);
});
