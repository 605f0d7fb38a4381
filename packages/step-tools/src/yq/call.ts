import { on, reading, type Context, type Evaluate } from './context.ts';
import { changeFunctions } from './functions-of-change.ts';
import { collectionFunctions } from './functions-of-collections.ts';
import { formatFunctions } from './functions-of-formats.ts';
import { nodeFunctions } from './functions-of-nodes.ts';
import { textFunctions } from './functions-of-text.ts';
import { notUnderstood } from './errors.ts';
import type { Expression } from './expression.ts';
import type { YamlNode } from './node.ts';
import type { YqFunction } from './yq-function.ts';

const FUNCTIONS: Readonly<Record<string, YqFunction>> = { ...nodeFunctions, ...collectionFunctions, ...changeFunctions, ...textFunctions, ...formatFunctions };

export function callFunction({ name, args, number }: Extract<Expression, { readonly type: 'call' }>, context: Context, evaluate: Evaluate): readonly YamlNode[] {
  const found = FUNCTIONS[name];
  if (!found) throw notUnderstood(`'${name}'`);
  return found({ name, args, number, context, evaluate, argument: (index, node) => evaluate(args[index]!, node ? on(reading(context), node) : reading(context)) });
}

