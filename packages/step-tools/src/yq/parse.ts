import { notUnderstood } from './errors.ts';
import type { Expression } from './expression.ts';
import { ATTRIBUTES, functionNamed, WITH_NUMBER } from './functions.ts';
import { nothing, YamlNode } from './node.ts';
import { tokens, type Token } from './tokens.ts';

/** How tightly operators bind. Those of one strength are taken from the right, as yq does: `3 - 2 - 1` is 2. */
const STRENGTH: Readonly<Record<string, number>> = { ',': 10, ';': 10, ':': 15, or: 20, and: 20, '|': 30, ireduce: 35, as: 40, ref: 40, '=': 40, '|=': 40, '+=': 40, '-=': 40, comments: 40, '==': 40, '!=': 40, '<': 40, '<=': 40, '>': 40, '>=': 40, '*': 42, '*=': 42, '/': 42, '%': 42, '+': 42, '-': 42, '//': 42 };
const ATTRIBUTE = 40;
/** Stronger than `;` and `,`, as weak as anything else. */
const ARGUMENT = 11;
/** Deeper expressions are refused. */
const MAX_DEPTH = 200;

/** Reads an expression. Errors: `YqError` that names the first thing that is not understood and its place. */
export function parse(text: string): Expression {
  return new Parser(text).whole();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokens(text);
  }

  whole(): Expression {
    if (this.#tokens.length === 0) return { type: 'self' };
    const found = this.#expression(0);
    if (this.#peek()) throw this.#unexpected();
    return found;
  }

  #expression(weakest: number): Expression {
    if ((this.#depth += 1) > MAX_DEPTH) throw notUnderstood('an expression nested this deep', { text: this.#text, at: this.#peek()?.at ?? 0 });
    let left = this.#operand();
    for (;;) {
      const operator = this.#operator();
      if (!operator || operator.strength < weakest) break;
      const { at } = this.#peek()!;
      this.#next += operator.length;
      const right = this.#expression(operator.strength);
      left = { type: 'binary', operator: operator.name, flags: operator.flags, left, right, at };
    }
    this.#depth -= 1;
    return left;
  }

  #operator(): { readonly name: string; readonly flags: string; readonly strength: number; readonly length: number } | undefined {
    const token = this.#peek();
    if (token?.type === 'word') {
      const strength = STRENGTH[token.text];
      if (strength !== undefined && token.text !== 'comments') return { name: token.text, flags: '', strength, length: 1 };
      const attribute = functionNamed(token.text)?.name ?? '';
      const assignment = /^(\|?=)c*$/.exec(this.#peek(1)?.text ?? '')?.[1];
      return ATTRIBUTES.has(attribute) && assignment && this.#peek(1)?.type === 'operator' ? { name: assignment === '=' ? `${attribute} =` : `${attribute} |=`, flags: '', strength: ATTRIBUTE, length: 2 } : undefined;
    }
    if (token?.type !== 'operator') return undefined;
    const comments = /^comments\s*(\|?=)$/.exec(token.text)?.[1];
    if (comments) return { name: `comments ${comments}`, flags: '', strength: ATTRIBUTE, length: 1 };
    const [, name, flags] = /^(\*=|\*)([+|?cdn]*)$/.exec(token.text) ?? /^(\|=|=)(c*)$/.exec(token.text) ?? [token.text, token.text, ''];
    const strength = STRENGTH[name!];
    return strength === undefined ? undefined : { name: name!, flags: flags!, strength, length: 1 };
  }

  #operand(): Expression {
    return this.#traversed(this.#primary());
  }

  /** What follows directly: `.a.b`, `[0]`, `.["x"]`. */
  #traversed(start: Expression): Expression {
    let from = start;
    for (;;) {
      const token = this.#peek();
      if (token?.type === 'path') {
        this.#next += 1;
        from = { type: 'path', from, key: token.text, isOptional: token.isOptional ?? false };
      } else if (token?.type === 'punctuation' && (token.text === '.[' || token.text === '[')) {
        this.#next += 1;
        from = this.#indexed(from);
      } else return from;
    }
  }

  #indexed(from: Expression): Expression {
    if (this.#isNext(']', ']?')) return { type: 'index', from, indices: undefined, isOptional: this.#take().isOptional ?? false };
    const first: Expression = this.#isNext(':') ? { type: 'value', node: new YamlNode('scalar', '!!int', '0') } : this.#expression(STRENGTH[':']! + 1);
    if (this.#isNext(':')) {
      this.#next += 1;
      const end: Expression = this.#isNext(']', ']?') ? { type: 'call', name: 'length', args: [], number: undefined, at: 0 } : this.#expression(ARGUMENT);
      this.#expect(']', ']?');
      return { type: 'slice', from, first, end };
    }
    const indices = this.#isNext(',') ? this.#rest(first, ',') : first;
    return { type: 'index', from, indices, isOptional: this.#expect(']', ']?').isOptional ?? false };
  }

  #rest(left: Expression, operator: string): Expression {
    const { at } = this.#take();
    return { type: 'binary', operator, flags: '', left, right: this.#expression(STRENGTH[operator]!), at };
  }

  #primary(): Expression {
    const token = this.#peek();
    if (!token) throw notUnderstood('an expression that ends where a value is expected', { text: this.#text, at: this.#text.length });
    this.#next += 1;
    switch (token.type) {
      case 'path':
        return { type: 'path', from: { type: 'self' }, key: token.text, isOptional: token.isOptional ?? false };
      case 'variable':
        return { type: 'variable', name: token.text };
      case 'string':
        return { type: 'string', text: token.text };
      case 'number':
        return { type: 'value', node: new YamlNode('scalar', '!!int', token.text) };
      case 'float':
        return { type: 'value', node: new YamlNode('scalar', '!!float', token.text) };
      case 'boolean':
        return { type: 'value', node: new YamlNode('scalar', '!!bool', token.text.toLowerCase()) };
      case 'null':
        return { type: 'value', node: nothing() };
      case 'env':
      case 'strenv':
        return { type: 'env', name: token.text, isString: token.type === 'strenv' };
      case 'descend':
        return { type: 'descend', withKeys: token.text === '...' };
      case 'word':
        return this.#call(token);
      case 'punctuation':
        return this.#bracketed(token);
      default:
        this.#next -= 1;
        throw this.#unexpected();
    }
  }

  #bracketed(token: Token): Expression {
    switch (token.text) {
      case '.':
        return { type: 'self' };
      case '.[':
        return this.#indexed({ type: 'self' });
      case '(': {
        const inner = this.#expression(0);
        this.#expect(')');
        return inner;
      }
      case '[': {
        if (this.#isNext(']')) {
          this.#next += 1;
          return { type: 'collect', of: undefined };
        }
        const of = this.#expression(0);
        this.#expect(']');
        return { type: 'collect', of };
      }
      case '{': {
        const pairs = this.#isNext('}') ? [] : this.#pairs(this.#expression(0));
        this.#expect('}');
        return { type: 'object', pairs };
      }
      default:
        this.#next -= 1;
        throw this.#unexpected();
    }
  }

  #pairs(of: Expression): readonly (readonly [Expression, Expression])[] {
    if (of.type === 'binary' && of.operator === ',') return [...this.#pairs(of.left), ...this.#pairs(of.right)];
    if (of.type === 'binary' && of.operator === ':') return [[of.left, of.right]];
    throw notUnderstood('a map whose entries are not all key: value', { text: this.#text, at: this.#tokens[this.#next]?.at ?? this.#text.length });
  }

  #call(token: Token): Expression {
    const known = functionNamed(token.text);
    if (!known) throw notUnderstood(`'${token.text}'`, { text: this.#text, at: token.at });
    const { name, parameters } = known;
    if (ATTRIBUTES.has(name) && /^\|?=c*$/.test(this.#peek()?.text ?? '')) throw notUnderstood(`'${token.text} =' without what it is written to in front of it`, { text: this.#text, at: token.at });
    const number = this.#peek(1);
    if (WITH_NUMBER.has(name) && this.#isNext('(') && number?.type === 'number') {
      this.#next += 2;
      this.#expect(')');
      return { type: 'call', name, args: [], number: Number(number.text), at: token.at };
    }
    if (parameters[0] === 0) return { type: 'call', name, args: [], number: undefined, at: token.at };
    this.#expect('(');
    const args = this.#arguments(this.#expression(0), name === 'sub' ? [';', ','] : [';']);
    this.#expect(')');
    if (!parameters.includes(args.length)) throw notUnderstood(`'${token.text}' with ${args.length} ${args.length === 1 ? 'argument' : 'arguments'}`, { text: this.#text, at: token.at });
    return { type: 'call', name, args, number: undefined, at: token.at };
  }

  #arguments(of: Expression, separators: readonly string[]): readonly Expression[] {
    return of.type === 'binary' && separators.includes(of.operator) ? [of.left, ...this.#arguments(of.right, separators)] : [of];
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#next + ahead];
  }

  #take(): Token {
    return this.#tokens[this.#next++]!;
  }

  #isNext(...texts: readonly string[]): boolean {
    const token = this.#peek();
    return token !== undefined && (token.type === 'punctuation' || token.type === 'operator') && texts.includes(token.text);
  }

  #expect(...texts: readonly string[]): Token {
    if (!this.#isNext(...texts)) throw this.#unexpected(texts[0]);
    return this.#take();
  }

  #unexpected(wanted?: string): Error {
    const token = this.#peek();
    const what = token ? `'${token.text}'` : 'the end';
    return notUnderstood(wanted ? `${what} where '${wanted}' is expected` : what, { text: this.#text, at: token?.at ?? this.#text.length });
  }
}
