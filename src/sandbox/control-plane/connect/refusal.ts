import type { IncomingMessage } from 'node:http';
import { ApiError } from '../api-error.ts';
import { badRequest } from '../status-errors.ts';

/** How much of a refusal is read (k8s.io/apiserver/pkg/registry/generic/rest/response_checker.go). */
const MAXIMUM_BYTES = 50_000;

/** Messages that stand for a status code whatever the backend said (k8s.io/apimachinery/pkg/api/errors: NewGenericServerResponse). */
const GENERIC: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  409: ['Conflict', 'the server reported a conflict'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'the server was unable to return a response in the time allotted, but may still be processing the request'],
};

/** What a client is told when a kubelet refused: 400 and 500 with the kubelet's words, the rest in general ones. */
export async function refusalOf(response: IncomingMessage, resource: string, name: string): Promise<ApiError> {
  const text = await textOf(response);
  const status = response.statusCode ?? 0;
  if (status === 400) return badRequest(text);
  if (status === 500) return internalError(text);
  const [reason, message] = genericAnswer(status, text);
  return new ApiError(status, reason, `${message} ( ${resource} ${name})`, { name, kind: resource });
}

/** k8s.io/apimachinery/pkg/api/errors.NewInternalError. */
export function internalError(cause: string): ApiError {
  return new ApiError(500, 'InternalError', `Internal error occurred: ${cause}`, { causes: [{ message: cause }] });
}

/** The beginning of a body; what cannot be read of it is left out. */
export async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      parts.push(part);
      size += part.length;
      if (size >= MAXIMUM_BYTES) break;
    }
  } catch {
    // What came until then is told.
  }
  return Buffer.concat(parts).subarray(0, MAXIMUM_BYTES).toString();
}

function genericAnswer(status: number, text: string): readonly [reason: string, message: string] {
  if (status === 403) return ['Forbidden', text];
  const known = GENERIC[status];
  if (known !== undefined) return known;
  if (status >= 500) return ['InternalError', `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`];
  return ['', `the server responded with the status code ${status} but did not return more information`];
}
