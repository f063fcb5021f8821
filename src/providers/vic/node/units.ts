/** Units as the VIC provider of virtual-kubelet writes them (providers/vic/utils). */

const MEMORY: Readonly<Record<string, number>> = { b: 0, kb: 1, mb: 2, gb: 3, tb: 4, pb: 5 };
const FREQUENCY: Readonly<Record<string, number>> = { khz: 1, mhz: 2, ghz: 3 };

/** Bytes of `value` in `unit` (`b` … `pb`, powers of 1024, any case). 0 for a unit that is not known. */
export function memoryInBytes(value: number, unit: string): number {
  const power = MEMORY[unit.toLowerCase()];
  return power === undefined ? 0 : value * 1024 ** power;
}

/** Hertz of `value` in `unit` (`khz`, `mhz`, `ghz`, powers of 1000, any case). 0 for a unit that is not known. */
export function frequencyInHertz(value: number, unit: string): number {
  const power = FREQUENCY[unit.toLowerCase()];
  return power === undefined ? 0 : value * 1000 ** power;
}

const BINARY_UNITS = ['Pi', 'Ti', 'Gi', 'Mi', 'Ki'] as const;

/** A quantity in the largest binary unit in which it is at least 100, cut to a whole number; below 100 Ki plain bytes. */
export function memoryQuantity(bytes: number): string {
  for (const [index, unit] of BINARY_UNITS.entries()) {
    const size = 1024 ** (BINARY_UNITS.length - index);
    if (bytes / size >= 100) return `${String(Math.floor(bytes / size))}${unit}`;
  }
  return String(Math.floor(bytes));
}
