import type { Context, Evaluate } from './context.ts';
import type { Expression } from './expression.ts';
import type { YamlNode } from './node.ts';

/** What a function of the language has at hand. */
export interface Call {
  readonly name: string;
  readonly args: readonly Expression[];
  readonly number: number | undefined;
  readonly context: Context;
  readonly evaluate: Evaluate;
  /** What an argument finds, looking at one node (default: at all), and changing nothing. */
  readonly argument: (index: number, node?: YamlNode) => readonly YamlNode[];
}

export type YqFunction = (call: Call) => readonly YamlNode[];

/** A function that is made of what one node becomes. */
export const each =
  (make: (node: YamlNode, call: Call) => YamlNode | readonly YamlNode[] | undefined): YqFunction =>
  (call) =>
    call.context.nodes.flatMap((node) => make(node, call) ?? []);
