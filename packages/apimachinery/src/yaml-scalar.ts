/**
 * The value of a scalar without quotes, read as the YAML library of Kubernetes reads it: YAML 1.1's `yes`, `no`, `on`,
 * `off` and octal `0644` (the usual form of a file mode), but no base-60 numbers and no dates.
 */
export function resolvePlainScalar(text: string): string | number | boolean | null {
  if (text === '' || NULLS.has(text)) return null;
  if (TRUES.has(text)) return true;
  if (FALSES.has(text)) return false;
  if (!/^[-+.0-9]/.test(text)) return text;
  const special = /^([-+]?)\.(?:inf|Inf|INF)$/.exec(text);
  if (special) return special[1] === '-' ? -Infinity : Infinity;
  if (text === '.nan' || text === '.NaN' || text === '.NAN') return NaN;
  const plain = text.replaceAll('_', '');
  const based = /^([-+]?)(?:0x([0-9a-fA-F]+)|0b([01]+)|0o?([0-7]+))$/.exec(plain);
  if (based) {
    const [, sign, hex, binary, octal] = based;
    const number = hex ? parseInt(hex, 16) : binary ? parseInt(binary, 2) : parseInt(octal ?? '0', 8);
    return sign === '-' ? -number : number;
  }
  if (/^[-+]?(?:[0-9]+|(?:[0-9]*\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$/.test(plain)) {
    return Number(plain);
  }
  return text;
}

const NULLS: ReadonlySet<string> = new Set(['~', 'null', 'Null', 'NULL']);
const TRUES: ReadonlySet<string> = new Set(['true', 'True', 'TRUE', 'yes', 'Yes', 'YES', 'on', 'On', 'ON']);
const FALSES: ReadonlySet<string> = new Set(['false', 'False', 'FALSE', 'no', 'No', 'NO', 'off', 'Off', 'OFF']);
