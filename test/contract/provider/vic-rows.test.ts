/** What virtual-kubelet's VIC provider fell short of, area by area: each has a test of its name. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VIC_AREAS } from '../../../src/providers/vic/support/areas.ts';
import { DEFINITION_ROWS } from './vic-rows/definition.ts';
import { openKit, type Kit } from './vic-rows/kit.ts';
import { LIFE_ROWS } from './vic-rows/life.ts';
import { NODE_ROWS } from './vic-rows/node.ts';
import { VCH_ROWS } from './vic-rows/vch.ts';
import { VOLUME_ROWS } from './vic-rows/volumes.ts';
import { VIC_WORLD } from './vic-worlds.ts';

const ROWS = { ...VCH_ROWS, ...DEFINITION_ROWS, ...LIFE_ROWS, ...NODE_ROWS, ...VOLUME_ROWS };

describe(`VIC provider, area by area, over ${VIC_WORLD}`, () => {
  let kit: Kit;
  beforeAll(async () => {
    kit = await openKit();
  });
  afterAll(async () => {
    await kit.close();
  });

  for (const [name, row] of Object.entries(ROWS)) it(name, async (context) => row(kit, context), 120_000);

  it('has a test and a line for each area', () => {
    expect(Object.keys(ROWS)).toEqual(VIC_AREAS.map(({ area }) => area));
    for (const { area, note } of VIC_AREAS) expect(note, area).toMatch(/^[A-Z].*\.$/);
  });
});
