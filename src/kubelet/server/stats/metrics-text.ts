/** Prometheus text with the time at which each value was taken, which client libraries do not write. */
export class MetricsText {
  private readonly families = new Map<string, { readonly head: string; readonly samples: string[] }>();

  counter(name: string, help: string, labels: Readonly<Record<string, string>>, value: number | undefined, time?: number): void {
    this.add('counter', name, help, labels, value, time);
  }

  gauge(name: string, help: string, labels: Readonly<Record<string, string>>, value: number | undefined, time?: number): void {
    this.add('gauge', name, help, labels, value, time);
  }

  toString(): string {
    return [...this.families.values()].map(({ head, samples }) => head + samples.join('')).join('');
  }

  /** An undefined value is no sample. */
  private add(type: string, name: string, help: string, labels: Readonly<Record<string, string>>, value: number | undefined, time: number | undefined): void {
    if (value === undefined || !Number.isFinite(value)) return;
    const family = this.families.get(name) ?? { head: `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`, samples: [] };
    this.families.set(name, family);
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    const stamp = time === undefined ? '' : ` ${Math.round(time)}`;
    family.samples.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${String(value)}${stamp}\n`);
  }
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
