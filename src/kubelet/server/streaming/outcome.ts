/** How an exec or attach ended, and how that is written on the error channel (k8s.io/apimachinery/pkg/util/remotecommand). */

/** An exit code, or why there is none: a full sentence for the user. */
export type Outcome = { readonly exitCode: number } | { readonly error: string };

/** `status`: one JSON object, since v4. `text`: only failures, as text. */
export type StatusFormat = 'status' | 'text';

/** What goes on the error channel; empty: nothing. */
export function statusBytes(outcome: Outcome, format: StatusFormat): Buffer {
  if (format === 'status') return Buffer.from(JSON.stringify(statusOf(outcome)));
  return Buffer.from('exitCode' in outcome && outcome.exitCode === 0 ? '' : messageOf(outcome));
}

function statusOf(outcome: Outcome): object {
  if ('error' in outcome) {
    return { metadata: {}, status: 'Failure', message: outcome.error, reason: 'InternalError', details: { causes: [{ message: outcome.error }] }, code: 500 };
  }
  if (outcome.exitCode === 0) return { metadata: {}, status: 'Success' };
  const causes = [{ reason: 'ExitCode', message: String(outcome.exitCode) }];
  return { metadata: {}, status: 'Failure', message: messageOf(outcome), reason: 'NonZeroExitCode', details: { causes } };
}

function messageOf(outcome: Outcome): string {
  return 'error' in outcome ? outcome.error : `command terminated with non-zero exit code: exit status ${outcome.exitCode}`;
}
