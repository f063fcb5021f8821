const BINARY: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const SYNTAX = /^([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$/;

/** The number a Kubernetes quantity stands for (k8s.io/apimachinery/pkg/api/resource); undefined when it is none. */
export function parseQuantity(text: string): number | undefined {
  const match = SYNTAX.exec(text);
  if (match === null) return undefined;
  const [, digits = '', suffix = ''] = match;
  const binary = BINARY[suffix];
  if (binary !== undefined) return Number(digits) * 1024 ** binary;
  const exponent = DECIMAL[suffix] ?? Number(suffix.slice(1));
  // Through the literal, so that 1.1k is 1100 and not 1100.0000000000002.
  return Number(`${digits}e${String(exponent)}`);
}
