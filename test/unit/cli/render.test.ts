import { describe, expect, it } from 'vitest';
import { age } from '../../../src/cli/render/age.ts';
import { asVickError, renderError } from '../../../src/cli/render/error.ts';
import { renderOutcome } from '../../../src/cli/render/outcome.ts';
import { registerSecret } from '../../../src/errors/redact.ts';
import { VickError } from '../../../src/errors/vick-error.ts';

const plain = { json: false, verbose: false, colour: false };

describe('results', () => {
  const outcome = {
    data: { kind: 'Things', items: [{ a: 1, gone: undefined }] },
    table: {
      columns: [{ title: 'name' }, { title: 'note' }, { title: 'labels', wide: true }],
      rows: [
        ['one', 'x', 'a=b'],
        ['longer', '', ''],
      ],
      empty: 'No things found.',
    },
    names: ['thing/one', 'thing/longer'],
  };

  it('makes columns as kubectl does, the wide ones only when asked', async () => {
    expect((await renderOutcome(outcome, 'table')).stdout).toBe('NAME     NOTE\none      x\nlonger   <none>\n');
    expect((await renderOutcome(outcome, 'wide')).stdout).toBe('NAME     NOTE     LABELS\none      x        a=b\nlonger   <none>   <none>\n');
  });

  it('prints the same data as json and as yaml', async () => {
    expect(JSON.parse((await renderOutcome(outcome, 'json')).stdout)).toEqual({ kind: 'Things', items: [{ a: 1 }] });
    expect((await renderOutcome(outcome, 'yaml')).stdout).toBe('kind: Things\nitems:\n  - a: 1\n');
  });

  it('prints names one per line', async () => {
    expect((await renderOutcome(outcome, 'name')).stdout).toBe('thing/one\nthing/longer\n');
  });

  it('says on stderr that a table is empty, and leaves stdout empty', async () => {
    const empty = { ...outcome, table: { ...outcome.table, rows: [] } };
    expect(await renderOutcome(empty, 'table')).toEqual({ stdout: '', stderr: 'No things found.\n' });
  });

  it('keeps a cell with control characters in its row', async () => {
    const hostile = { ...outcome, table: { ...outcome.table, rows: [['a\u001b[2Jb', 'x\ny', '']] } };
    expect((await renderOutcome(hostile, 'table')).stdout).toBe('NAME     NOTE\na [2Jb   x y\n');
  });
});

describe('errors', () => {
  const error = new VickError('KUBE_FORBIDDEN', 'nodes is forbidden', { hint: 'Ask.', cause: new Error('HTTP 403'), details: { httpStatus: 403 } });

  it('is message, code and hint', () => {
    expect(renderError(error, plain)).toBe('error: nodes is forbidden [KUBE_FORBIDDEN]\nhint: Ask.\n');
  });

  it('shows causes and details with --verbose only', () => {
    expect(renderError(error, { ...plain, verbose: true })).toBe(
      'error: nodes is forbidden [KUBE_FORBIDDEN]\n  caused by: HTTP 403\n  httpStatus: 403\nhint: Ask.\n',
    );
  });

  it('is one line of JSON for -o json', () => {
    expect(JSON.parse(renderError(error, { ...plain, json: true }))).toEqual({
      error: { code: 'KUBE_FORBIDDEN', message: 'nodes is forbidden', hint: 'Ask.', details: { httpStatus: 403 } },
    });
  });

  it('calls anything unknown a mistake of ours, with stack and where to go', () => {
    const text = renderError(asVickError(new TypeError('x is not a function')), plain);
    expect(text).toMatch(/^error: x is not a function \[BUG\]\n\s+at .*\nhint: This is a mistake in vick\./s);
  });

  it('survives causes that go in circles', () => {
    const first = new Error('first');
    const second = new Error('second', { cause: first });
    first.cause = second;
    expect(renderError(new VickError('IO', 'no file', { cause: first }), { ...plain, verbose: true }).split('caused by').length).toBe(3);
  });

  it('never prints a secret that was registered, in details and causes either', () => {
    registerSecret('hunter2-hunter2');
    const leaky = new VickError('IO', 'bad', { cause: new Error('login with hunter2-hunter2'), details: { argv: ['--x', 'hunter2-hunter2'] } });
    for (const json of [true, false]) expect(renderError(leaky, { json, verbose: true, colour: false })).not.toContain('hunter2');
  });
});

describe('ages', () => {
  it.each([
    [5_000, '5s'],
    [119_000, '119s'],
    [130_000, '2m10s'],
    [20 * 60_000, '20m'],
    [4 * 3_600_000 + 5 * 60_000, '4h5m'],
    [20 * 3_600_000, '20h'],
    [3 * 86_400_000 + 3_600_000, '3d1h'],
    [100 * 86_400_000, '100d'],
    [3 * 365 * 86_400_000, '3y'],
    [-1_000, '0s'],
    [-60_000, '<invalid>'],
  ])('prints %d ms as %s', (ms, text) => {
    expect(age(1_000_000_000, 1_000_000_000 + ms)).toBe(text);
  });
});
