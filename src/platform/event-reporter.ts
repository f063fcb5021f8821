/** Progress for programs: every event is one line of JSON, in the order in which things happen. Shapes are only added to. */
import { redact } from '../errors/redact.ts';
import { rfc3339, type Clock } from './clock.ts';
import type { Output } from './streams.ts';
import type { Reporter, Step } from './talk.ts';

type StepState = 'started' | 'progress' | 'done' | 'failed' | 'skipped';

/** One line on stderr with `-o json`, after `apiVersion` and `time` in RFC 3339. The last line of a command that fails is `{"error":{…}}` instead. */
type ProgressEvent =
  | {
      readonly type: 'step';
      /** Stable: `vic-machine-boot`, `node-ready`. */
      readonly name: string;
      /** For people. */
      readonly title: string;
      readonly state: StepState;
      readonly message: string | undefined;
    }
  | { readonly type: 'info' | 'warning' | 'verbose'; readonly message: string };

export interface EventReporterOptions {
  readonly output: Output;
  readonly verbose: boolean;
  readonly clock: Pick<Clock, 'now'>;
}

export function createEventReporter({ output, verbose, clock }: EventReporterOptions): Reporter {
  const write = (event: ProgressEvent): void => {
    output.write(`${redact(JSON.stringify({ apiVersion: 'vick.dev/v1alpha1', time: rfc3339(clock.now()), ...event }))}\n`);
  };
  const say = (type: 'info' | 'warning' | 'verbose') => (message: string) => {
    if (type !== 'verbose' || verbose) write({ type, message });
  };
  return {
    step: (title, { name = slug(title) } = {}): Step => {
      let open = true;
      const tell = (state: StepState, message?: string): void => {
        write({ type: 'step', name, title, state, message: message === title ? undefined : message });
      };
      const end = (state: StepState) => (message?: string) => {
        if (open) tell(state, message);
        open = false;
      };
      tell('started');
      return {
        detail: (message) => {
          if (open) tell('progress', message);
        },
        done: end('done'),
        fail: end('failed'),
        skip: end('skipped'),
      };
    },
    info: say('info'),
    warn: say('warning'),
    verbose: say('verbose'),
  };
}

function slug(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}
