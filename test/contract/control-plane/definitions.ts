import { systemClock } from '../../../src/platform/node/clock.ts';
import { createDiscovery } from '../../../src/sandbox/control-plane/discovery/source.ts';
import { resourceDefinitions } from '../../../src/sandbox/control-plane/resources/index.ts';
import type { ControlPlaneOptions } from '../../../src/sandbox/control-plane/server.ts';

/** What the control plane serves in the sandbox. */
export const served: Pick<ControlPlaneOptions, 'definitions' | 'discovery'> = {
  definitions: resourceDefinitions,
  discovery: createDiscovery(resourceDefinitions, systemClock),
};
