/**
 * Replays conversations that were recorded with a real kube-apiserver and compares every answer.
 *
 *   npx vitest run --config test/tooling/vitest.config.ts --project contract test/contract/control-plane/replay.test.ts
 *   VICK_SCENARIO=errors/status-bodies …   one scenario, with every difference printed
 */
import { expect, it } from 'vitest';
import { served } from './definitions.ts';
import { knownDifferences } from './known-differences.ts';
import { loadRecording, scenarioNames } from './recording.ts';
import { replay } from './replay.ts';

const only = process.env['VICK_SCENARIO'];

for (const name of scenarioNames().filter((candidate) => only === undefined || candidate === only)) {
  it(`answers ${name} as recorded`, async () => {
    const outcomes = await replay(loadRecording(name), served);
    const different = outcomes.filter((outcome) => outcome.verdict === 'different');
    const notServed = outcomes.filter((outcome) => outcome.verdict === 'not served');
    for (const outcome of notServed) console.log(`${name} ${outcome.label}: 501, not served by the embedded control plane`);
    if (only !== undefined) for (const outcome of different) console.log(`${outcome.at} ${outcome.label}\n    ${outcome.differences.join('\n    ')}`);
    const known = knownDifferences[name] ?? {};
    for (const outcome of different) if (known[outcome.at] !== undefined) console.log(`${name} ${outcome.label}: differs, because ${known[outcome.at] ?? ''}`);
    const stale = Object.keys(known).filter((at) => !different.some((outcome) => outcome.at === at));
    const unknown = different.filter((outcome) => known[outcome.at] === undefined);
    expect(unknown.map((outcome) => `${outcome.at} ${outcome.label}: ${outcome.differences.join('; ')}`)).toEqual([]);
    expect(stale, 'known differences that are none any more').toEqual([]);
  });
}
