/** Files of disks as tar archives (vmware/vic lib/archive). */
import { posix } from 'node:path';
import { soundPart } from '../../platform/tar-sound.ts';
import { readArchive, type ArchiveMember } from '../../platform/tar.ts';
import { portLayerError } from './failure.ts';
import type { PortLayer } from './port.ts';
import type { Call, Transport } from './transport.ts';

/** The server waits for a free slot, reconfigures its own VM twice, and mounts. */
const TIMEOUT_MS = 5 * 60_000;
const STORE = 'container';

export function archiveCalls(transport: Transport): Pick<PortLayer, 'importArchive' | 'exportArchive'> {
  return {
    importArchive: async ({ deviceId, archive }, signal) => {
      const query = { store: STORE, deviceID: deviceId, filterSpec: filterSpec({}, {}) };
      const call: Call = {
        ...{ method: 'POST', path: '/archive', query },
        ...{ upload: { data: archive, type: 'application/x-tar' }, timeoutMs: TIMEOUT_MS, once: true },
      };
      await transport.call(call, signal);
    },
    exportArchive: async ({ deviceId, path, limitBytes }, signal) => {
      const wanted = relative(path);
      // Nothing is left out for not being included: without the exclusion of everything it would be the whole disk.
      const filter = filterSpec({ [wanted]: {} }, { '': {} });
      const query = { store: STORE, deviceID: deviceId, data: true, filterSpec: filter };
      const { archive, ended } = soundPart(await transport.download({ method: 'GET', path: '/archive', query, timeoutMs: TIMEOUT_MS }, limitBytes, signal));
      // What fails on the server once it has begun to answer ends the archive, and not the connection.
      if (!ended) throw portLayerError(transport.address, { kind: 'malformed', operation: 'GET /archive', reason: 'the archive was cut, or is damaged' });
      return [...readArchive(archive)].map(named).filter((member) => wanted === '' || member.path === wanted || member.path.startsWith(`${wanted}/`));
    },
  };
}

/** Prefixes of the names of members that are meant, or are not; the longest decides. No member is moved or renamed. */
function filterSpec(inclusions: Readonly<Record<string, object>>, exclusions: Readonly<Record<string, object>>): string {
  return Buffer.from(JSON.stringify({ RebasePath: '', StripPath: '', Inclusions: inclusions, Exclusions: exclusions })).toString('base64');
}

function named(member: ArchiveMember): ArchiveMember {
  return { ...member, path: relative(member.path) };
}

function relative(path: string): string {
  return posix.normalize(`/${path}`).replace(/^\/+|\/+$/g, '');
}
