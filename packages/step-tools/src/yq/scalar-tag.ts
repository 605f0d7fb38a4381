const INTEGER = /^[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|(0|[1-9][0-9_]*))$/;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?$/;
const TIMESTAMP = /^\d{4}-\d{1,2}-\d{1,2}(([Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2}(\.\d+)?([ \t]*(Z|[-+]\d{1,2}(:\d{2})?))?)?$/;

/** What a plain scalar of this text is: YAML's rules as yq 4's library has them, in which `yes` is a string and a date is not. */
export function scalarTag(text: string): string {
  if (text === '' || /^(~|null|Null|NULL)$/.test(text)) return '!!null';
  if (/^(true|True|TRUE|false|False|FALSE)$/.test(text)) return '!!bool';
  if (text === '<<') return '!!merge';
  if (INTEGER.test(text)) return '!!int';
  if (FLOAT.test(text) || /^[-+]?\.(inf|Inf|INF)$/.test(text) || /^\.(nan|NaN|NAN)$/.test(text)) return '!!float';
  return TIMESTAMP.test(text) ? '!!timestamp' : '!!str';
}

/** The number that a scalar's text is. `NaN` when it is none. */
export function numberOf(text: string): number {
  const plain = text.replaceAll('_', '');
  const [, sign, digits] = /^([-+]?)(0o?[0-7]+|0x[0-9a-fA-F]+|0b[01]+)$/.exec(plain) ?? [];
  if (digits !== undefined && digits !== '0') return (sign === '-' ? -1 : 1) * Number(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (/^[-+]?\.inf$/i.test(plain)) return plain.startsWith('-') ? -Infinity : Infinity;
  return plain.trim() === '' ? Number.NaN : Number(plain);
}
