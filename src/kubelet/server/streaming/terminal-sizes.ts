import type { TerminalSize } from '../../capabilities.ts';

const MAXIMUM_PENDING = 4096;

/** Reads `{"Width":80,"Height":24}` objects that follow each other with or without delimiters; anything else is skipped. */
export class TerminalSizeParser {
  private pending = '';

  push(chunk: Buffer): readonly TerminalSize[] {
    this.pending += chunk.toString('latin1');
    const sizes: TerminalSize[] = [];
    for (;;) {
      const end = this.pending.indexOf('}');
      if (end < 0) break;
      const size = parse(this.pending.slice(this.pending.lastIndexOf('{', end), end + 1));
      if (size !== undefined) sizes.push(size);
      this.pending = this.pending.slice(end + 1);
    }
    if (this.pending.length > MAXIMUM_PENDING) this.pending = '';
    return sizes;
  }
}

function parse(text: string): TerminalSize | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    return isCount(width) && isCount(height) ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff;
}

/** Terminal sizes for one reader. Only the newest matters: a reader that is late gets that one. */
export class TerminalSizes implements AsyncIterable<TerminalSize> {
  private newest: TerminalSize | undefined;
  private ended = false;
  private wake: () => void = () => undefined;

  push(size: TerminalSize): void {
    this.newest = size;
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TerminalSize, void> {
    for (;;) {
      const size = this.newest;
      this.newest = undefined;
      if (size !== undefined) yield size;
      else if (this.ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    }
  }
}
