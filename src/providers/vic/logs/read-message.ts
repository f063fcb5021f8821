import { portLayerFailure } from '../../../clients/port-layer/failure.ts';
import type { ArchiveExport, PortLayer } from '../../../clients/port-layer/port.ts';
import type { Clock } from '../../../platform/clock.ts';
import { deadline } from '../../../platform/http-exchange.ts';
import type { Limiter } from '../../../platform/limiter.ts';
import type { ArchiveMember } from '../../../platform/tar.ts';
import type { MessageFile } from '../plan/message-file.ts';

export interface FileMessage {
  readonly text: string;
  /** Milliseconds since the epoch in whole seconds, by the clock of the guest. */
  readonly modifiedAt: number;
}

/** pkg/kubelet/container: MaxContainerTerminationMessageLength, from the end of the file. */
const BYTES = 4096;
/** A larger file, or a folder with more in it, is no message. */
const LIMIT_BYTES = 1024 * 1024;
const SECOND_MS = 1000;
/** That the disk is in use for a moment is one reason of an internal error, which comes without a word. */
const TRIES = 3;
const PAUSE_MS = 500;
const WITHIN_MS = 20_000;
/** For a turn. */
const PATIENCE_MS = 10_000;

export interface MessageReader {
  readonly portLayer: PortLayer;
  readonly clock: Clock;
  /** Lets so many read at a time: a VCH can attach few disks to itself. */
  readonly inTurn: Limiter;
}

/**
 * What was written to the file in the time of its run; undefined: nothing, or the VCH does not give it. Rejects when it may
 * be had another time: its turn did not come soon, or the VCH did not answer within 20 s. `onTurn` is called when it came.
 */
export async function readMessage(
  { inTurn, ...reader }: MessageReader,
  { deviceId, path, from, to }: MessageFile,
  signal: AbortSignal,
  onTurn: () => void,
): Promise<FileMessage | undefined> {
  const since = reader.clock.monotonic();
  return await inTurn(async () => {
    signal.throwIfAborted();
    if (reader.clock.monotonic() - since >= PATIENCE_MS) throw new Error('too many messages are read at the same time');
    onTurn();
    const limit = deadline(reader.clock, WITHIN_MS, signal);
    try {
      const members = await exported(reader, { deviceId, path, limitBytes: LIMIT_BYTES }, limit.signal);
      const file = members?.find((member) => member.path === path && member.kind === 'file');
      if (file === undefined || file.modifiedAt < toSecond(from) || file.modifiedAt > to) return undefined;
      return { text: file.content.subarray(-BYTES).toString('utf8'), modifiedAt: file.modifiedAt };
    } finally {
      limit.dispose();
    }
  });
}

async function exported(
  { portLayer, clock }: Pick<MessageReader, 'portLayer' | 'clock'>,
  wanted: ArchiveExport,
  signal: AbortSignal,
): Promise<readonly ArchiveMember[] | undefined> {
  for (let count = 1; ; count += 1) {
    try {
      return await portLayer.exportArchive(wanted, signal);
    } catch (error) {
      signal.throwIfAborted();
      const { kind, httpStatus } = portLayerFailure(error) ?? {};
      const answered = kind === 'refused' || kind === 'absent' || kind === 'conflict' || kind === 'malformed';
      if (!answered) throw error;
      const mayPass = kind === 'conflict' || httpStatus === 423 || httpStatus === 500;
      if (!mayPass || count === TRIES) return undefined;
      await clock.sleep(PAUSE_MS, signal);
    }
  }
}

function toSecond(ms: number): number {
  return Math.floor(ms / SECOND_MS) * SECOND_MS;
}
