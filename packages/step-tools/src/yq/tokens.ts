import { notUnderstood } from './errors.ts';

export type TokenType = 'word' | 'path' | 'variable' | 'string' | 'number' | 'float' | 'boolean' | 'null' | 'env' | 'strenv' | 'descend' | 'operator' | 'punctuation';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  readonly at: number;
  /** `.a?`: nothing instead of an error. */
  readonly isOptional?: boolean;
}

/** In yq's order: the first that fits is taken, not the longest. */
const RULES: readonly (readonly [TokenType | 'skip', RegExp])[] = [
  ['skip', /[ \t\r\n]+|#.*/y],
  ['punctuation', /[()]|\.\[|\[|\]\??|[{}]/y],
  ['descend', /\.\.\.?/y],
  ['variable', /\$[a-zA-Z_\-0-9]+/y],
  ['number', /0[xX][0-9A-Fa-f]+/y],
  ['float', /-?[1-9](\.\d+)?[Ee][-+]?\d+|-?\d+\.\d+/y],
  ['number', /-?\d+/y],
  ['boolean', /([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\b/y],
  ['null', /[Nn][Uu][Ll][Ll]\b|~/y],
  ['string', /"[^"\\]*(\\[^][^"\\]*)*"/y],
  ['strenv', /strenv\([^)]+\)/y],
  ['env', /env\([^)]+\)/y],
  ['operator', /comments\s*\|?=/y],
  ['word', /@?[a-zA-Z][a-zA-Z0-9_]*/y],
  ['operator', /;|\/\/|==|!=|>=|<=|>|<|\|=c*|=c*/y],
  ['path', /\."[^ "]+"\??/y],
  ['path', /\.[^ ;}{:[\],|.()=\n!]+\??/y],
  ['operator', /:|\||,|\*=[+|?cdn]*|\*[+|?cdn]*|\/|%|\+=|\+|-=|-/y],
  ['punctuation', /\./y],
];

/** An expression in parts. Errors: what no rule of yq's language fits. */
export function tokens(expression: string): readonly Token[] {
  const found: Token[] = [];
  for (let at = 0; at < expression.length; ) {
    const matched = RULES.values().map(([type, rule]) => [type, matchAt(rule, expression, at)] as const).find(([, text]) => text !== undefined);
    if (!matched) throw notUnderstood(`'${expression.slice(at, at + 12)}'`, { text: expression, at });
    const [type, text] = matched as readonly [TokenType | 'skip', string];
    if (type !== 'skip') found.push(token(type, text, at));
    at += text.length;
  }
  return found;
}

function matchAt(rule: RegExp, text: string, at: number): string | undefined {
  rule.lastIndex = at;
  return rule.exec(text)?.[0];
}

function token(type: TokenType, text: string, at: number): Token {
  switch (type) {
    case 'path': {
      const isOptional = text.endsWith('?');
      const name = text.slice(1, isOptional ? -1 : undefined);
      return { type, text: name.startsWith('"') ? name.slice(1, -1) : name, at, isOptional };
    }
    case 'string':
      return { type, text: text.slice(1, -1).replaceAll('\\"', '"').replaceAll('\\n', '\n'), at };
    case 'env':
    case 'strenv':
      return { type, text: text.slice(text.indexOf('(') + 1, -1).trim(), at };
    case 'variable':
      return { type, text: text.slice(1), at };
    default:
      return { type, text, at, ...(text === ']?' ? { isOptional: true } : {}) };
  }
}
