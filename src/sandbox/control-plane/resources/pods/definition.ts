import type { Draft } from '../../resource.ts';
import { at, mapOf, mapsOf, textOf } from '../fields.ts';
import { defineResource } from '../strategy.ts';
import { dns1123Subdomain } from '../validation/names.ts';
import { admitPod } from './admission.ts';
import { bindPod, evictPod } from './binding.ts';
import { setPodDefaults } from './defaults.ts';
import { preparePodDelete } from './delete.ts';
import { updateEphemeralContainers } from './ephemeral.ts';
import { POD } from './kind.ts';
import { qosClassOf } from './qos.ts';
import { resizePod } from './resize.ts';
import { updatePodStatus } from './status.ts';
import { podTable } from './table.ts';
import { validatePodUpdate } from './update-rules.ts';
import { validateNewPod, validatePod } from './validate-spec.ts';

const SUB = ['get', 'patch', 'update'] as const;
const STREAM = ['create', 'get'] as const;

/** v1 Pod (kubernetes pkg/registry/core/pod). */
export const pods = defineResource({
  ...POD,
  resource: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  hasGeneration: true,
  checkName: dns1123Subdomain,
  deleteAnswersObject: true,
  table: podTable,
  selectableFields: {
    'spec.nodeName': (object) => textOf(at(object, 'spec', 'nodeName')),
    'spec.restartPolicy': (object) => textOf(at(object, 'spec', 'restartPolicy')),
    'spec.schedulerName': (object) => textOf(at(object, 'spec', 'schedulerName')),
    'spec.serviceAccountName': (object) => textOf(at(object, 'spec', 'serviceAccountName')),
    'spec.hostNetwork': (object) => String(at(object, 'spec', 'hostNetwork') === true),
    'status.phase': (object) => textOf(at(object, 'status', 'phase')),
    'status.podIP': (object) => textOf(at(object, 'status', 'podIP')),
    'status.nominatedNodeName': (object) => textOf(at(object, 'status', 'nominatedNodeName')),
  },
  defaults: setPodDefaults,
  admitCreate: admitPod,
  prepareForCreate: startStatus,
  prepareForUpdate(draft, stored) {
    draft['status'] = structuredClone(stored['status']);
  },
  prepareDelete: preparePodDelete,
  validate(draft) {
    const isNew = draft.metadata.resourceVersion === undefined;
    return [...validatePod(draft), ...(isNew ? validateNewPod(draft) : [])];
  },
  validateUpdate: validatePodUpdate,
  subresources: {
    attach: { style: 'connect', verbs: STREAM, kind: 'PodAttachOptions' },
    binding: { style: 'action', group: '', version: 'v1', kind: 'Binding', post: bindPod },
    ephemeralcontainers: { style: 'update', verbs: SUB, prepareUpdate: updateEphemeralContainers },
    eviction: { style: 'action', group: 'policy', version: 'v1', kind: 'Eviction', post: evictPod },
    exec: { style: 'connect', verbs: STREAM, kind: 'PodExecOptions' },
    log: { style: 'connect', verbs: ['get'], kind: 'Pod' },
    portforward: { style: 'connect', verbs: STREAM, kind: 'PodPortForwardOptions' },
    proxy: { style: 'connect', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'PodProxyOptions' },
    resize: { style: 'update', verbs: SUB, prepareUpdate: resizePod },
    status: { style: 'update', verbs: SUB, prepareUpdate: updatePodStatus },
  },
});

/** A new pod has no status of its own making; with scheduling gates it says that it waits for them. */
function startStatus(draft: Draft): void {
  const gated = mapsOf(at(draft, 'spec', 'schedulingGates')).length > 0;
  const waiting = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  };
  draft['status'] = { phase: 'Pending', ...(gated ? { conditions: [waiting] } : {}), qosClass: qosClassOf(mapOf(draft['spec'])) };
}
