import { Writable } from 'node:stream';
import { expand } from '../expand.ts';
import { OUTPUT_LIMIT, type HandlerOutcome, type HandlerTarget } from './handler.ts';

/** Success for exit code 0 (pkg/probe/exec). Rejects when the command could not be run, and when the signal aborts. */
export async function execCommand(target: HandlerTarget, command: readonly string[], signal: AbortSignal): Promise<HandlerOutcome> {
  if (target.exec === undefined) throw new Error('this node cannot run commands in containers');
  const uid = target.pod.metadata?.uid ?? '';
  const output = capture();
  // Variables that take their value from elsewhere are not known here (ExpandContainerCommandOnlyStatic).
  const own = new Map((target.container.env ?? []).map(({ name, value = '' }) => [name, value]));
  const words = command.map((word) => expand(word, (name) => own.get(name)));
  const streams = { stdout: output.stream(), stderr: output.stream(), tty: false };
  const exitCode = await target.exec.exec({ uid, container: target.container.name }, words, streams, signal);
  return { result: exitCode === 0 ? 'success' : 'failure', output: output.text() };
}

/** Keeps the beginning of what is written to any of its streams, and takes the rest without storing it. */
function capture(): { stream(): Writable; text(): string } {
  const chunks: Buffer[] = [];
  let length = 0;
  return {
    stream: () =>
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          if (length < OUTPUT_LIMIT) chunks.push(chunk.subarray(0, OUTPUT_LIMIT - length));
          length += chunk.length;
          done();
        },
      }),
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}
