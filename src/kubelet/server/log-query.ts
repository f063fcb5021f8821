import type { LogOptions } from '../capabilities.ts';
import { HttpError } from './responses.ts';

export interface LogQuery {
  readonly options: LogOptions;
  /** Of the answer as a whole. */
  readonly limitBytes: number | undefined;
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** PodLogOptions as query parameters; 400 for what cannot be read, 422 for what makes no sense (pkg/apis/core/validation). */
export function parseLogQuery(query: URLSearchParams, now: number): LogQuery {
  const sinceSeconds = integer(query, 'sinceSeconds');
  const sinceTime = time(query.get('sinceTime'));
  // The name that clients of before PodLogOptions use.
  const tail = query.get('tail');
  const tailLines = integer(query, 'tailLines') ?? (tail === null || tail === 'all' ? undefined : integer(query, 'tail'));
  const limitBytes = integer(query, 'limitBytes');
  const stream = streamOf(query.get('stream'));
  const invalid =
    (sinceSeconds !== undefined && sinceSeconds < 1) ||
    (sinceSeconds !== undefined && sinceTime !== undefined) ||
    (tailLines !== undefined && tailLines < 0) ||
    (limitBytes !== undefined && limitBytes < 1) ||
    (stream !== undefined && tailLines !== undefined);
  if (invalid) throw new HttpError(422, '{"message": "Invalid request."}');
  const since = sinceSeconds === undefined ? sinceTime : now - sinceSeconds * 1000;
  return {
    limitBytes,
    options: {
      follow: flag(query, 'follow'),
      previous: flag(query, 'previous'),
      timestamps: flag(query, 'timestamps'),
      ...(since === undefined ? {} : { since }),
      ...(tailLines === undefined ? {} : { tailLines }),
      ...(stream === undefined ? {} : { stream }),
    },
  };
}

/** Present and neither `false` nor `0` is true, as query parameters of the API are read. */
function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && !['false', '0'].includes(value.toLowerCase());
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^-?\d{1,15}$/.test(text)) throw undecodable();
  return Number(text);
}

function time(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const ms = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw undecodable();
  return ms;
}

function streamOf(text: string | null): 'stdout' | 'stderr' | undefined {
  if (text === null || text === '' || text === 'All') return undefined;
  if (text === 'Stdout') return 'stdout';
  if (text === 'Stderr') return 'stderr';
  throw new HttpError(422, '{"message": "Invalid request."}');
}

function undecodable(): HttpError {
  return new HttpError(400, '{"message": "Unable to decode query."}');
}
