import type { Duplex, Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

/** Connects to a port of the pod, from within it. Rejects with what the user should read. */
export type DialPort = (port: number, signal: AbortSignal) => Promise<Duplex>;

/**
 * Carries bytes both ways, half-closes included, until both directions have ended or one has failed. Then nothing of
 * the target is left. Never rejects; resolves with what went wrong.
 */
export async function joinPort(target: Duplex, fromClient: Readable, toClient: Writable): Promise<Error | undefined> {
  let failure: Error | undefined;
  let tellFailure: () => void = () => undefined;
  const failed = new Promise<void>((resolve) => {
    tellFailure = resolve;
  });
  const fail = (error: unknown): void => {
    failure ??= error instanceof Error ? error : new Error(String(error));
    tellFailure();
  };
  target.on('error', fail);
  fromClient.pipe(target);
  target.pipe(toClient);
  const upstream = finished(fromClient, { writable: false }).catch(fail);
  const downstream = finished(toClient, { readable: false }).catch(fail);
  const ended = finished(target).catch((error: unknown) => fail(error));
  await Promise.race([failed, Promise.all([upstream, downstream]), ended.then(() => downstream)]);
  // A program that has hung up takes nothing any more, whether or not the client has ended.
  fromClient.unpipe(target);
  target.destroy();
  return failure;
}

/** A port number as header or query parameter: 1 to 65535. */
export function parsePort(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : undefined;
}
