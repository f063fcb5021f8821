import type { Random } from '../random.ts';

/** Not an import: most commands need no randomness, and loading it costs more than printing help. */
const crypto = () => process.getBuiltinModule('node:crypto');

export const systemRandom: Random = {
  fraction: () => crypto().randomBytes(4).readUInt32BE() / 2 ** 32,
  uuid: () => crypto().randomUUID(),
  hex: (bytes) => crypto().randomBytes(bytes).toString('hex'),
};
