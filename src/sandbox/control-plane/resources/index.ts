import type { ResourceDefinition } from '../resource.ts';
import { signingRequests } from './certificates/definition.ts';
import { configmaps } from './config/configmaps.ts';
import { secrets } from './config/secrets.ts';
import { coreEvents, groupEvents } from './events/definition.ts';
import { leases } from './leases/definition.ts';
import { namespaces } from './namespaces/definition.ts';
import { nodes } from './nodes/definition.ts';
import { pods } from './pods/definition.ts';
import { serviceaccounts } from './serviceaccounts/definition.ts';
import { services } from './services/definition.ts';

/** Every resource that the embedded control plane stores. */
export const resourceDefinitions: readonly ResourceDefinition[] = [
  configmaps,
  coreEvents,
  namespaces,
  nodes,
  pods,
  secrets,
  serviceaccounts,
  services,
  leases,
  groupEvents,
  signingRequests,
];
