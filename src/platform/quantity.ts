/**
 * Kubernetes resource quantities (k8s.io/apimachinery/pkg/api/resource): `100m`, `1.5`, `1Gi`, `12e6`.
 *
 * Values are exact whole numbers of nano-units; finer input is rounded away from zero, as the API server does.
 */

type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

export interface Quantity {
  /** Billionths of the unit. */
  readonly nano: bigint;
  /** The family of suffixes the value was written with; it decides the canonical text. */
  readonly format: QuantityFormat;
}

/** The text is no quantity; the message is the API server's. */
export class QuantityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'QuantityError';
  }
}

const NANO = 1_000_000_000n;
const MAX_NANO = (2n ** 63n - 1n) * NANO;
const DECIMAL_SUFFIXES: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** Reads a quantity as JSON may hold it (`"500m"`, `2`). Throws QuantityError. */
export function parseQuantity(input: string | number): Quantity {
  const text = String(input).trim();
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/.exec(text);
  if (match === null || `${match[2] ?? ''}${match[3] ?? ''}` === '') {
    throw new QuantityError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  const { numerator, denominator, format } = scaleOf(suffix);
  const top = BigInt(whole + fraction) * NANO * numerator;
  const bottom = 10n ** BigInt(fraction.length) * denominator;
  const magnitude = minimum((top + bottom - 1n) / bottom, MAX_NANO);
  return { nano: sign === '-' ? -magnitude : magnitude, format: format === 'BinarySI' && magnitude < NANO ? 'DecimalSI' : format };
}

/** The canonical text: no fraction, the largest suffix that loses nothing. */
export function formatQuantity(quantity: Quantity): string {
  const { nano, format } = quantity;
  if (format === 'BinarySI' && nano % NANO === 0n && absolute(nano) >= 1024n * NANO) return formatBinary(nano / NANO);
  return formatDecimal(nano, format === 'DecimalExponent' ? 'DecimalExponent' : 'DecimalSI');
}

/** The canonical text of `input`, or `undefined` when it is no quantity. */
export function canonicalQuantity(input: unknown): string | undefined {
  if (typeof input !== 'string' && typeof input !== 'number') return undefined;
  try {
    return formatQuantity(parseQuantity(input));
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0;
}

/** `a + b`, in the format of `a` (of `b` when `a` is zero). */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano, format: a.nano === 0n ? b.format : a.format };
}

/** `a − b`, in the format of `a`. */
export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano - b.nano, format: a.format };
}

/** Whole units, rounded away from zero: `1500m` is 2. */
export function quantityValue(quantity: Quantity): number {
  return Number(roundUp(quantity.nano, NANO));
}

/** Thousandths, rounded away from zero: `1.5` is 1500. What CPU arithmetic is done in. */
export function quantityMilliValue(quantity: Quantity): number {
  return Number(roundUp(quantity.nano, NANO / 1000n));
}

interface Scale {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly format: QuantityFormat;
}

function scaleOf(suffix: string): Scale {
  const power = BINARY_SUFFIXES.indexOf(suffix);
  if (power > 0) return { numerator: 1024n ** BigInt(power), denominator: 1n, format: 'BinarySI' };
  const decimal = DECIMAL_SUFFIXES[suffix];
  if (decimal !== undefined) return { ...powerOfTen(decimal), format: 'DecimalSI' };
  const exponent = /^[eE]([+-]?\d{1,3})$/.exec(suffix)?.[1];
  if (exponent !== undefined) return { ...powerOfTen(Number(exponent)), format: 'DecimalExponent' };
  throw new QuantityError("unable to parse quantity's suffix");
}

function powerOfTen(exponent: number): Pick<Scale, 'numerator' | 'denominator'> {
  const power = 10n ** BigInt(Math.abs(exponent));
  return exponent < 0 ? { numerator: 1n, denominator: power } : { numerator: power, denominator: 1n };
}

function formatBinary(value: bigint): string {
  let power = 0;
  let rest = value;
  while (rest % 1024n === 0n && power < BINARY_SUFFIXES.length - 1) {
    rest /= 1024n;
    power += 1;
  }
  return `${rest}${BINARY_SUFFIXES[power] ?? ''}`;
}

function formatDecimal(nano: bigint, format: 'DecimalSI' | 'DecimalExponent'): string {
  if (nano === 0n) return '0';
  let exponent = -9;
  let rest = nano;
  while (rest % 1000n === 0n && exponent < 18) {
    rest /= 1000n;
    exponent += 3;
  }
  if (format === 'DecimalExponent') return exponent === 0 ? String(rest) : `${rest}e${exponent}`;
  return `${rest}${Object.keys(DECIMAL_SUFFIXES).find((suffix) => DECIMAL_SUFFIXES[suffix] === exponent) ?? ''}`;
}

function roundUp(value: bigint, unit: bigint): bigint {
  const magnitude = (absolute(value) + unit - 1n) / unit;
  return value < 0n ? -magnitude : magnitude;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function minimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
