import { existsSync } from 'node:fs';
import type { ControlPlaneOptions } from '../../../src/sandbox/control-plane/server.ts';
import { testDefinitions } from '../../support/control-plane-definitions.ts';

const RESOURCES = new URL('../../../src/sandbox/control-plane/resources/index.ts', import.meta.url);

/** The kinds that the control plane serves. */
export async function servedDefinitions(): Promise<Pick<ControlPlaneOptions, 'definitions' | 'discovery'>> {
  if (!existsSync(RESOURCES)) return { definitions: testDefinitions };
  const { resourceDefinitions } = (await import(RESOURCES.href)) as { resourceDefinitions: ControlPlaneOptions['definitions'] };
  return { definitions: resourceDefinitions };
}
