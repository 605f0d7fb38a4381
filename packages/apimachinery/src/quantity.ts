import { ParseError } from './parse-error.ts';

/**
 * An amount of a resource: `500m`, `1Gi`, `1e3`. Exact: counted in billionths, which is the precision that Kubernetes
 * keeps (smaller parts are rounded away from zero), within the range of a signed 64-bit whole number.
 */
export interface Quantity {
  readonly nano: bigint;
  /** How it is printed: the family of suffixes that it came with. */
  readonly format: QuantityFormat;
}

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** Errors: `ParseError` in the words of k8s.io/apimachinery/pkg/api/resource. A number counts as its decimal text. */
export function parseQuantity(input: string | number): Quantity {
  const text = String(input);
  const match = text.length <= MAX_TEXT ? PATTERN.exec(text) : undefined;
  if (!match) throw new ParseError(/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)/.test(text) ? BAD_SUFFIX : BAD_FORMAT);
  const [, sign, whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') throw new ParseError(BAD_FORMAT);
  const scale = SUFFIXES.get(suffix) ?? exponentOf(suffix);
  const digits = BigInt(whole + fraction);
  const power = scale.ten + 9 - fraction.length;
  let nano: bigint;
  if (digits === 0n) nano = 0n;
  else if (power > 60) nano = MAX_NANO;
  else if (power < -200) nano = 1n;
  else {
    const scaled = digits << BigInt(scale.two);
    nano = power >= 0 ? scaled * 10n ** BigInt(power) : divideAwayFromZero(scaled, 10n ** BigInt(-power));
  }
  if (nano > MAX_NANO) nano = MAX_NANO;
  return { nano: sign === '-' ? -nano : nano, format: scale.format };
}

const MAX_TEXT = 128;
const PATTERN = /^([+-]?)([0-9]*)(?:\.([0-9]*))?((?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,9})?)$/;
const BAD_FORMAT =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const BAD_SUFFIX = "unable to parse quantity's suffix";
const NANO = 1_000_000_000n;
const MAX_NANO = (2n ** 63n - 1n) * NANO;

interface Scale {
  readonly ten: number;
  readonly two: number;
  readonly format: QuantityFormat;
}

const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;
const SUFFIXES: ReadonlyMap<string, Scale> = new Map<string, Scale>([
  ...BINARY.slice(1).map((suffix, index) => [suffix, { ten: 0, two: 10 * (index + 1), format: 'BinarySI' }] as const),
  ...DECIMAL.map((suffix, index) => [suffix, { ten: 3 * (index - 3), two: 0, format: 'DecimalSI' }] as const),
]);

const exponentOf = (suffix: string): Scale => ({ ten: Number(suffix.slice(1)), two: 0, format: 'DecimalExponent' });

const divideAwayFromZero = (dividend: bigint, divisor: bigint): bigint => (dividend + divisor - 1n) / divisor;

/** Whether {@link parseQuantity} would take it. */
export function isQuantity(input: unknown): boolean {
  if (typeof input !== 'string' && typeof input !== 'number') return false;
  try {
    parseQuantity(input);
    return true;
  } catch {
    return false;
  }
}

/** Negative, zero or positive, as `left` is less than, equal to or more than `right`. */
export const compareQuantities = (left: Quantity, right: Quantity): number =>
  left.nano < right.nano ? -1 : left.nano > right.nano ? 1 : 0;

/** The sum, in the format of the left one. */
export const addQuantities = (left: Quantity, right: Quantity): Quantity => ({
  nano: left.nano + right.nano,
  format: left.nano === 0n ? right.format : left.format,
});

/** As a number, rounded up to a whole one: bytes of memory, say. */
export const quantityValue = (quantity: Quantity): number =>
  Number(
    quantity.nano < 0n ? -divideAwayFromZero(-quantity.nano, NANO) : divideAwayFromZero(quantity.nano, NANO),
  );

/** As thousandths, rounded up: millicores of CPU. */
export const quantityMilliValue = (quantity: Quantity): number =>
  quantityValue({ ...quantity, nano: quantity.nano * 1000n });

/** The canonical text: no fraction, the largest suffix that leaves a whole number. `1.5Gi` is `1536Mi`. */
export function printQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0';
  const sign = nano < 0n ? '-' : '';
  const amount = nano < 0n ? -nano : nano;
  if (format === 'BinarySI' && amount >= 1024n * NANO) {
    let whole = divideAwayFromZero(amount, NANO);
    let power = 0;
    while (whole % 1024n === 0n && power < BINARY.length - 1) {
      whole /= 1024n;
      power += 1;
    }
    return `${sign}${whole}${BINARY[power]}`;
  }
  let whole = amount;
  let power = 0;
  const highest = format === 'DecimalExponent' ? 20 : DECIMAL.length - 1;
  while (whole % 1000n === 0n && power < highest) {
    whole /= 1000n;
    power += 1;
  }
  if (format !== 'DecimalExponent') return `${sign}${whole}${DECIMAL[power]}`;
  const exponent = 3 * (power - 3);
  return exponent === 0 ? `${sign}${whole}` : `${sign}${whole}e${exponent}`;
}
