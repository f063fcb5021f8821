import type { PullProgress, PullResult } from './port.ts';

/** How a pull's progress stream ended. Failures arrive in a stream with status 200. */
export type PullOutcome = { readonly ok: true; readonly result: PullResult } | { readonly ok: false; readonly reason: string };

interface ProgressLine {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

/**
 * Reads progress lines to their end. Success is a `Status:` line and no `error` line (moby pkg/jsonmessage);
 * a stream that just stops is a failure.
 */
export async function readPullStream(lines: AsyncIterable<string>, onProgress?: (progress: PullProgress) => void): Promise<PullOutcome> {
  let error: string | undefined;
  let status: string | undefined;
  let digest: string | undefined;
  for await (const text of lines) {
    const line = parseLine(text);
    if (line === undefined) continue;
    const failure = line.errorDetail?.message ?? line.error;
    if (failure !== undefined) {
      error ??= failure === '' ? 'the engine reported an error without a text' : failure;
      continue;
    }
    const said = line.status ?? '';
    digest = /^Digest: (sha256:[0-9a-f]{64})$/.exec(said)?.[1] ?? digest;
    status = /^Status: (.*)$/.exec(said)?.[1] ?? status;
    onProgress?.({
      id: line.id ?? '',
      status: said,
      ...(line.progressDetail?.current === undefined ? {} : { current: line.progressDetail.current }),
      ...(line.progressDetail?.total === undefined ? {} : { total: line.progressDetail.total }),
    });
  }
  if (error !== undefined) return { ok: false, reason: error };
  if (status === undefined) return { ok: false, reason: 'the progress stream ended before the image was complete' };
  return { ok: true, result: { status, digest } };
}

function parseLine(text: string): ProgressLine | undefined {
  if (text.trim() === '') return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
