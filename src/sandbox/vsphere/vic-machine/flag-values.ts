/** Values of parsed flags, by the flag's long name. */
export class FlagValues {
  private readonly values = new Map<string, string | number | boolean | string[]>();

  /** Stores one occurrence; a repeatable flag collects. */
  set(name: string, value: string | number | boolean, repeatable = false): void {
    if (!repeatable) {
      this.values.set(name, value);
      return;
    }
    const list = this.list(name);
    this.values.set(name, [...list, String(value)]);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  text(name: string): string {
    return this.optional(name) ?? '';
  }

  optional(name: string): string | undefined {
    const value = this.values.get(name);
    return value === undefined || Array.isArray(value) ? undefined : String(value);
  }

  number(name: string): number | undefined {
    const value = this.values.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  bool(name: string): boolean {
    return this.values.get(name) === true;
  }

  list(name: string): string[] {
    const value = this.values.get(name);
    return Array.isArray(value) ? value : [];
  }

  /** Every value that was given or has a default, in order of its first appearance. */
  entries(): readonly (readonly [string, string | number | boolean | readonly string[]])[] {
    return [...this.values.entries()];
  }
}
