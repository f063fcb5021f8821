import type { ServerResponse } from 'node:http';
import { stringify } from 'yaml';
import type { ApiError } from '../api-error.ts';
import type { Answer } from '../rest/request.ts';
import type { Representation } from './negotiate.ts';
import { presentation, presentList, presentObject } from './present.ts';

const COMMON = { 'Cache-Control': 'no-cache, private' };

export interface ResponseFacts {
  readonly query: URLSearchParams;
  readonly now: number;
  readonly warnings?: readonly string[];
}

/** Sends `answer` in the representation that the client accepts. */
export function respond(response: ServerResponse, answer: Answer, representation: Representation, facts: ResponseFacts): void {
  switch (answer.kind) {
    case 'object': {
      const how = presentation(answer.definition, representation, facts.query, facts.now);
      const headers = warningHeaders(facts.warnings ?? []);
      sendBody(response, answer.code, presentObject(answer.object, how), representation, headers);
      return;
    }
    case 'list': {
      const how = presentation(answer.definition, representation, facts.query, facts.now);
      sendBody(response, 200, presentList(answer.items, answer.meta, how), representation, {});
      return;
    }
    case 'plain':
      sendBody(response, answer.code, answer.body, { ...representation, shape: 'object' }, answer.headers ?? {});
      return;
    case 'text':
      send(response, answer.code, answer.text, { 'Content-Type': 'text/plain; charset=utf-8', ...answer.headers });
  }
}

/** Sends a refusal as a Status. Unauthorised and unacceptable requests get JSON whatever they asked for. */
export function respondError(response: ServerResponse, error: ApiError, warnings: readonly string[] = []): void {
  const headers: Record<string, string | readonly string[]> = { 'Content-Type': 'application/json', ...warningHeaders(warnings) };
  if (error.details?.retryAfterSeconds !== undefined) headers['Retry-After'] = String(error.details.retryAfterSeconds);
  send(response, error.code, `${JSON.stringify(error.toStatus())}\n`, headers);
}

/** A 403 of the authorizer: real servers mark these against content sniffing. */
export function respondForbidden(response: ServerResponse, error: ApiError): void {
  send(response, error.code, `${JSON.stringify(error.toStatus())}\n`, { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' });
}

export function send(response: ServerResponse, code: number, text: string, headers: Readonly<Record<string, string | readonly string[]>>): void {
  if (response.headersSent || response.destroyed) return;
  const all: Record<string, string | readonly string[]> = { ...COMMON, ...headers };
  if (code !== 304 && code !== 204) all['Content-Length'] = String(Buffer.byteLength(text));
  // Headers of a 304 replace those of the client's copy.
  if (code === 304) delete all['Content-Type'];
  response.writeHead(code, all as Record<string, string | string[]>);
  response.end(code === 304 || code === 204 ? undefined : text);
}

function sendBody(
  response: ServerResponse,
  code: number,
  body: object,
  representation: Representation,
  headers: Readonly<Record<string, string | readonly string[]>>,
): void {
  const yaml = representation.format === 'yaml';
  const text = yaml ? stringify(body, { aliasDuplicateObjects: false, sortMapEntries: true }) : `${JSON.stringify(body)}\n`;
  send(response, code, text, { 'Content-Type': yaml ? 'application/yaml' : 'application/json', ...headers });
}

/** RFC 7234 warnings, code 299, one header each (k8s.io/apimachinery/pkg/util/net.NewWarningHeader). */
function warningHeaders(warnings: readonly string[]): Record<string, readonly string[]> {
  if (warnings.length === 0) return {};
  return { Warning: warnings.map((text) => `299 - "${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`) };
}
