/** What an operation can answer. Errors are thrown; how each is written is decided in one place, server.ts. */

export type Reply =
  | { readonly kind: 'json'; readonly status: number; readonly value: unknown }
  /** Status and headers only. */
  | { readonly kind: 'empty'; readonly status: number }
  | { readonly kind: 'text'; readonly status: number; readonly contentType: string; readonly text: string }
  /** 200 without a body; values of headers are bytes, also such as HTTP does not allow. */
  | { readonly kind: 'head'; readonly headers: Readonly<Record<string, string | Buffer>> }
  /** A chunked body; each piece is flushed. Ends when the generator ends or the client leaves. */
  | { readonly kind: 'stream'; readonly chunks: (signal: AbortSignal) => AsyncIterable<Uint8Array | string> };

export const json = (value: unknown, status = 200): Reply => ({ kind: 'json', status, value });
export const empty = (status = 200): Reply => ({ kind: 'empty', status });
export const stream = (chunks: (signal: AbortSignal) => AsyncIterable<Uint8Array | string>): Reply => ({ kind: 'stream', chunks });

/** An error answer. `body` undefined: status and headers only. */
export class PortLayerError extends Error {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body?: unknown, message?: string) {
    super(message ?? `port layer answers ${String(status)}`);
    this.name = 'PortLayerError';
    this.status = status;
    this.body = body;
  }
}

/** A handler that panicked: the client sees the connection closed without an answer. */
export class DroppedConnection extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'DroppedConnection';
  }
}

/** A handler's error: `{"message": …}`. */
export function failed(status: number, message: string): PortLayerError {
  return new PortLayerError(status, { message }, message);
}

/** An error of the storage and key-value handlers, which fill `code`. */
export function storageFailed(status: number, message: string): PortLayerError {
  return new PortLayerError(status, { code: status, message }, message);
}

/** An error of routing, validation or media types, always with a code: the status, or 601, 602, 605. */
export function frameworkError(status: number, message: string, code = status): PortLayerError {
  return new PortLayerError(status, { code, message }, message);
}

/** A declared operation without an implementation. */
export function notImplemented(operation: string): PortLayerError {
  return new PortLayerError(501, `operation ${operation} has not yet been implemented`);
}
