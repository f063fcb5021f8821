/** Options of vic-machine by long name with dashes, with every value given; a switch that is on has the value `true`. */
export type VicOptions = ReadonlyMap<string, readonly string[]>;

export function valuesOf(options: VicOptions, flag: string): readonly string[] {
  return options.get(flag) ?? [];
}

/** The value that counts: the last one. */
export function valueOf(options: VicOptions, flag: string): string | undefined {
  return options.get(flag)?.at(-1);
}

export function isOn(options: VicOptions, flag: string): boolean {
  const value = valueOf(options, flag);
  return value !== undefined && value !== 'false';
}
