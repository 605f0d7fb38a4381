import { add, compare, divide, equals, remainder, subtract } from './arithmetic.ts';
import { assignAttribute, assignComments } from './attributes.ts';
import { callFunction } from './call.ts';
import { isTogether, on, reading, writing, type Context } from './context.ts';
import { notUnderstood, YqError } from './errors.ts';
import type { Expression } from './expression.ts';
import { interpolate } from './interpolate.ts';
import { multiply } from './merge.ts';
import { boolean, isTrue, string, YamlNode } from './node.ts';
import { readYaml } from './read-yaml.ts';
import { numberOf } from './scalar-tag.ts';
import { child, children, descend, indexed } from './traverse.ts';

type Binary = Extract<Expression, { readonly type: 'binary' }>;

/** What an expression finds, in order. Assignments change the nodes in place and find what they were given. */
export function evaluate(expression: Expression, context: Context): readonly YamlNode[] {
  switch (expression.type) {
    case 'self':
      return context.nodes;
    case 'value':
      return forEach(context, () => [expression.node.copy()]);
    case 'string':
      return forEach(context, (node) => [string(interpolate(expression.text, node ? on(context, node) : context, evaluate))]);
    case 'path':
      return evaluate(expression.from, context).flatMap((node) => child(node, expression.key, { isReadOnly: context.isReadOnly, isOptional: expression.isOptional }));
    case 'index':
      return index(expression, context);
    case 'slice':
      return slice(expression, context);
    case 'collect':
      return collect(expression.of, context);
    case 'object':
      return makeObjects(expression.pairs, context);
    case 'variable':
      return context.variables.get(expression.name) ?? [];
    case 'env':
      return [fromEnvironment(expression, context)];
    case 'descend':
      return context.nodes.flatMap((node) => descend(node, { withKeys: expression.withKeys }));
    case 'binary':
      return binary(expression, context);
    case 'call':
      return callFunction(expression, context, evaluate);
    default:
      return expression satisfies never;
  }
}

/** Once for each, and once where there is nothing to look at. */
const forEach = (context: Context, make: (node: YamlNode | undefined) => readonly YamlNode[]): readonly YamlNode[] => (context.nodes.length === 0 ? make(undefined) : context.nodes.flatMap((node) => make(node)));

function index(expression: Extract<Expression, { readonly type: 'index' }>, context: Context): readonly YamlNode[] {
  const from = evaluate(expression.from, context);
  if (!expression.indices) return from.flatMap((node) => children(node));
  const indices = collect(expression.indices, reading(context))[0]?.content ?? [];
  return from.flatMap((node) => (indices.length === 0 ? children(node) : indexed(node, indices, { isReadOnly: context.isReadOnly, isOptional: expression.isOptional })));
}

function slice({ from, first, end }: Extract<Expression, { readonly type: 'slice' }>, context: Context): readonly YamlNode[] {
  return evaluate(from, context).map((node) => {
    const bound = (expression: Expression): number => {
      const value = numberOf(evaluate(expression, on(reading(context), node))[0]?.value ?? '');
      if (!Number.isInteger(value)) throw new YqError('a slice needs whole numbers');
      return value < 0 ? node.content.length + value : value;
    };
    if (node.kind !== 'seq') throw new YqError(`cannot take a slice of ${node.tag}; ${node.kind === 'scalar' ? 'install yq 4 to slice strings (https://github.com/mikefarah/yq)' : 'only sequences have one'}`);
    const made = node.replacedBy(new YamlNode('seq', node.tag));
    made.addChildren(node.content.slice(Math.max(bound(first), 0), Math.max(bound(end), 0)));
    return made;
  });
}

function collect(of: Expression | undefined, context: Context): readonly YamlNode[] {
  const gather = (into: YamlNode, found: readonly YamlNode[]): YamlNode => {
    into.addChildren(found);
    return into;
  };
  const empty = (): YamlNode => new YamlNode('seq', '!!seq');
  if (context.nodes.length === 0) return [of ? gather(empty(), []) : empty()];
  if (isTogether(context)) return [gather(empty(), of ? context.nodes.flatMap((node) => evaluate(of, on(reading(context), node))) : [])];
  return context.nodes.map((node) => gather(node.replacedBy(empty()), of ? evaluate(of, on(context, node)) : []));
}

function makeObjects(pairs: readonly (readonly [Expression, Expression])[], context: Context): readonly YamlNode[] {
  if (pairs.length === 0) return [placedAt(undefined)];
  return forEach(context, (node) => {
    const own = writing(node ? on(context, node) : context);
    let made: readonly YamlNode[] = [placedAt(node)];
    for (const [key, value] of pairs) {
      const found = evaluate(key, own).flatMap((each) => evaluate(value, own).map((other) => [each, other] as const));
      made = made.flatMap((map) =>
        found.map(([each, other]) => {
          const single = new YamlNode('map', '!!map');
          single.addPair(each, other);
          return multiply(map, single, '');
        }),
      );
    }
    return made;
  });
}

function placedAt(node: YamlNode | undefined): YamlNode {
  const made = new YamlNode('map', '!!map');
  if (node) Object.assign(made, { document: node.documentIndex, fileIndex: node.root.fileIndex, filename: node.root.filename, isTogether: node.isTogether });
  return made;
}

function fromEnvironment({ name, isString }: Extract<Expression, { readonly type: 'env' }>, { outside }: Context): YamlNode {
  const value = outside.env[name] ?? '';
  if (isString) return string(value);
  if (value === '') throw new YqError(`value for env variable '${name}' not provided in env()`);
  const [read] = readYaml(value);
  return read ?? string(value);
}

function binary(expression: Binary, context: Context): readonly YamlNode[] {
  const { operator, left, right } = expression;
  const both = (calculate: (one: YamlNode | undefined, other: YamlNode | undefined) => YamlNode | undefined, options: CrossOptions = {}): readonly YamlNode[] => cross(expression, context, calculate, options);
  const present = (calculate: (one: YamlNode, other: YamlNode) => YamlNode): readonly YamlNode[] => both((one, other) => (one && other ? calculate(one, other) : undefined));
  switch (operator) {
    case '|':
      return left.type === 'binary' && (left.operator === 'as' || left.operator === 'ref') ? withVariable(left, right, context) : evaluate(right, on(context, ...evaluate(left, context)));
    case ',': {
      const [first, second] = [evaluate(left, context), evaluate(right, context)];
      return first === second ? first : [...first, ...second];
    }
    case '=':
    case '|=':
    case '+=':
    case '-=':
    case '*=':
      return assign(expression, context);
    case 'ireduce':
      return reduce(expression, context);
    case '+':
      return cross(expression, reading(context), add, { whenEmpty: context.nodes.length > 0 });
    case '-':
      return present(subtract);
    case '*':
      return present((one, other) => multiply(one, other, expression.flags));
    case '/':
      return present(divide);
    case '%':
      return present(remainder);
    case '//':
      return both((one, other) => (isTrue(one) ? one : (other ?? one)), { whenEmpty: true, settled: (one) => (isTrue(one) ? one : undefined) });
    case '==':
    case '!=':
      return both((one, other) => boolean(one ?? other, equals(one, other) === (operator === '==')), { whenEmpty: true, isReading: operator === '!=' });
    case '<':
    case '<=':
    case '>':
    case '>=':
      return both((one, other) => compare(operator, one, other), { whenEmpty: true });
    case 'and':
    case 'or':
      return both((one, other) => boolean(one ?? other, isTrue(other)), { whenEmpty: true, isReading: true, settled: (one) => (isTrue(one) === (operator === 'or') ? boolean(one, operator === 'or') : undefined) });
    case 'comments =':
    case 'comments |=':
      return assignComments(expression, context, evaluate);
    case 'as':
    case 'ref':
      throw new YqError('must use variable with a pipe, e.g. `exp as $x | ...`');
    default:
      if (/ \|?=$/.test(operator)) return assignAttribute(expression, context, evaluate);
      throw notUnderstood(`'${operator}' here`);
  }
}

interface CrossOptions {
  /** Also where one side finds nothing. */
  readonly whenEmpty?: boolean;
  readonly isReading?: boolean;
  /** The answer, where the left side alone settles it. */
  readonly settled?: (one: YamlNode) => YamlNode | undefined;
}

/** Every result of the left with every one of the right, node by node or, with `eval-all`, of all nodes together. */
function cross({ left, right }: Binary, given: Context, calculate: (one: YamlNode | undefined, other: YamlNode | undefined) => YamlNode | undefined, options: CrossOptions): readonly YamlNode[] {
  const context = options.isReading ? reading(given) : given;
  const rightOf = (own: Context, one: YamlNode | undefined): readonly (YamlNode | undefined)[] => {
    const settled = one && options.settled?.(one);
    if (settled) return [settled];
    const found = evaluate(right, own);
    return found.length === 0 && options.whenEmpty ? [calculate(one, undefined)] : found.map((other) => calculate(one, other));
  };
  const within = (own: Context): readonly (YamlNode | undefined)[] => {
    const found = evaluate(left, own);
    if (found.length === 0 && options.whenEmpty && own.nodes.length > 0) return rightOf(own, undefined);
    return found.flatMap((one) => rightOf(own, one));
  };
  const results = isTogether(context) ? within(context) : context.nodes.flatMap((node) => within(on(context, node)));
  return results.filter((node) => node !== undefined);
}

function withVariable({ left, right: name, operator }: Binary, rest: Expression, context: Context): readonly YamlNode[] {
  if (name.type !== 'variable') throw new YqError('RHS of \'as\' operator must be a variable name e.g. $foo');
  const within = (own: Context): readonly YamlNode[] => {
    const found = evaluate(left, reading(own));
    if (found.length === 0) return evaluate(rest, own);
    return found.flatMap((node) => evaluate(rest, { ...own, variables: new Map(own.variables).set(name.name, [operator === 'ref' ? node : node.copy()]) }));
  };
  return isTogether(context) ? within(context) : context.nodes.flatMap((node) => within(on(context, node)));
}

function reduce({ left, right }: Binary, context: Context): readonly YamlNode[] {
  if (left.type !== 'binary' || left.operator !== 'as' || left.right.type !== 'variable') throw new YqError('ireduce needs a variable: `exp as $x ireduce (start; step)`');
  if (right.type !== 'binary' || right.operator !== ';') throw new YqError('ireduce needs a start and a step: `exp as $x ireduce (start; step)`');
  const { name } = left.right;
  let accumulated = evaluate(right.left, context);
  for (const node of evaluate(left.left, context)) accumulated = evaluate(right.right, { ...on(context, ...accumulated), variables: new Map(context.variables).set(name, [node]) });
  return accumulated;
}

function assign(expression: Binary, context: Context): readonly YamlNode[] {
  const { operator, left, right, flags } = expression;
  const places = evaluate(left, context);
  const keepsTag = !flags.includes('c');
  if (operator === '|=') {
    // From the last on, so that what is inside changes before what holds it.
    for (const place of places.toReversed()) {
      const [value] = evaluate(right, on(context, place));
      if (value) place.updateFrom(value, keepsTag);
    }
  } else if (operator === '=') {
    cross(expression, reading(context), (place, value) => {
      if (place && value) place.updateFrom(value, keepsTag);
      return place;
    }, {});
  } else {
    const calculate = operator === '+=' ? add : operator === '-=' ? subtract : (one: YamlNode, other: YamlNode): YamlNode => multiply(one, other, flags.replaceAll('c', '') + (keepsTag ? '' : 'c'));
    for (const place of places) {
      const before = place.copy();
      for (const own of isTogether(context) ? [context] : context.nodes.map((node) => on(context, node))) {
        for (const value of evaluate(right, reading(own))) {
          const result = calculate(before, value);
          if (result) place.updateFrom(result, keepsTag);
        }
      }
    }
  }
  return context.nodes;
}

