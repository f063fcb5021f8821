import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ContainerExec, ContainerTarget, PodNetwork, SessionStreams } from '../../../src/kubelet/capabilities.ts';

type Answer = (target: ContainerTarget, signal: AbortSignal) => Promise<{ readonly code: number; readonly output?: string }>;

/** Commands by their words, as a container answers them; tells what was run. */
export class MemoryExec implements ContainerExec {
  /** `<container>: <command>` in order. */
  readonly calls: string[] = [];
  private readonly answers = new Map<string, Answer>();

  /** What `command` does from now on: its exit code, or a function. Unknown commands exit with 127. */
  on(command: string, answer: number | Answer, output?: string): void {
    const fixed: Answer = () => Promise.resolve({ code: Number(answer), ...(output === undefined ? {} : { output }) });
    this.answers.set(command, typeof answer === 'number' ? fixed : answer);
  }

  async exec(target: ContainerTarget, command: readonly string[], streams: SessionStreams, signal: AbortSignal): Promise<number> {
    const words = command.join(' ');
    this.calls.push(`${target.container}: ${words}`);
    const answer = this.answers.get(words);
    const { code, output } = answer === undefined ? { code: 127, output: `${words}: not found` } : await answer(target, signal);
    if (output !== undefined) await new Promise<void>((resolve) => streams.stdout?.end(output, () => resolve()));
    return code;
  }
}

/** Every pod's ports are those of this machine. */
export class LoopbackNetwork implements PodNetwork {
  /** `<uid> <port> <via>` in order. */
  readonly calls: string[] = [];

  connect({ uid, port, via }: { readonly uid: string; readonly port: number; readonly via: string }, signal: AbortSignal): Promise<Duplex> {
    this.calls.push(`${uid} ${String(port)} ${via}`);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port });
      const onAbort = (): void => void socket.destroy(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      socket.once('close', () => signal.removeEventListener('abort', onAbort));
      socket.once('error', reject);
      socket.once('connect', () => resolve(socket));
    });
  }
}
