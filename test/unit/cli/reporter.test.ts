import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createReporter } from '../../../src/platform/node/reporter.ts';
import type { Output } from '../../../src/platform/streams.ts';

function output(isTerminal: boolean): { output: Output; text: () => string } {
  let text = '';
  return { output: { write: (chunk) => void (text += chunk), isTerminal, columns: 80, colour: false }, text: () => text };
}

describe('progress in a pipe', () => {
  it('is plain lines that are never rewritten', () => {
    const { output: stderr, text } = output(false);
    const reporter = createReporter({ output: stderr, verbose: false });
    const first = reporter.step('Checking the cluster');
    first.detail('server answers');
    first.done();
    reporter.step('Creating the VCH').fail('Creating the VCH: no space');
    reporter.step('Waiting').skip('--wait=false');
    reporter.info('note');
    reporter.warn('careful');
    reporter.verbose('not shown');
    expect(text()).toBe(
      '• Checking the cluster …\n  server answers\n✓ Checking the cluster\n• Creating the VCH …\n✗ Creating the VCH: no space\n• Waiting …\n- Waiting (skipped: --wait=false)\nnote\nwarning: careful\n',
    );
  });

  it('says how a step ended once', () => {
    const { output: stderr, text } = output(false);
    const step = createReporter({ output: stderr, verbose: true }).step('One');
    step.done();
    step.fail();
    step.detail('late');
    expect(text()).toBe('• One …\n✓ One\n');
  });
});

describe('progress on a terminal', () => {
  /** What ora needs of a terminal, kept in memory. */
  function terminal(columns = 80): { reporter: ReturnType<typeof createReporter>; text: () => string } {
    const stream = new PassThrough();
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    Object.assign(stream, { isTTY: true, columns, rows: 24, clearLine: () => true, cursorTo: () => true, moveCursor: () => true });
    const reporter = createReporter({
      output: { write: (chunk) => void stream.write(chunk), isTerminal: true, columns: 80, colour: false },
      verbose: false,
      terminal: stream as unknown as NodeJS.WriteStream,
    });
    return { reporter, text: () => text };
  }

  it('is lines on one without a width, which has no place to rewrite', () => {
    const { reporter, text } = terminal(0);
    const step = reporter.step('Creating the VCH');
    step.detail('Creating appliance on target');
    step.done();
    expect(text()).toBe('• Creating the VCH …\n  Creating appliance on target\n✓ Creating the VCH\n');
  });

  it('shows a spinner with the latest detail, and leaves one line behind', async () => {
    const { reporter, text } = terminal();
    const step = reporter.step('Creating the VCH');
    await expect.poll(text).toContain('Creating the VCH');
    step.detail('Creating appliance on target');
    await expect.poll(text).toContain('Creating the VCH  Creating appliance on target');
    step.done('Created the VCH');
    await expect.poll(text).toContain('✓ Created the VCH\n');
    // The spinner has taken itself away and given the cursor back.
    expect(text().split('Creating appliance on target').at(-1)).toMatch(/\u001b\[\?25h/);
    expect(text()).toMatch(/✓ Created the VCH\n$/);
  });

  it('prints a step that ended before the spinner was there', async () => {
    const { reporter, text } = terminal();
    reporter.step('Quick').done();
    await expect.poll(text).toBe('✓ Quick\n');
  });

  it('goes back to the outer step when an inner one ends', async () => {
    const { reporter, text } = terminal();
    const outer = reporter.step('Outer');
    const inner = reporter.step('Inner');
    await expect.poll(text).toContain('Inner');
    inner.done();
    await expect.poll(() => text().split('✓ Inner\n')[1]).toContain('Outer');
    outer.done();
    await expect.poll(text).toContain('✓ Outer\n');
  });
});
