import type { Expression } from './expression.ts';
import type { YamlNode } from './node.ts';

/** What an expression is evaluated on. */
export interface Context {
  readonly nodes: readonly YamlNode[];
  readonly variables: ReadonlyMap<string, readonly YamlNode[]>;
  /** Places that are not there are not made by being looked at. */
  readonly isReadOnly: boolean;
  readonly outside: Outside;
}

/** What lies outside of the documents. */
export interface Outside {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The content of a file. Errors: as `readFileSync` has them. */
  readonly readFile: (path: string) => string;
  /** How far documents are indented when they become strings. */
  readonly indent: number;
}

export type Evaluate = (expression: Expression, context: Context) => readonly YamlNode[];

export const on = (context: Context, ...nodes: readonly YamlNode[]): Context => ({ ...context, nodes });
export const reading = (context: Context): Context => ({ ...context, isReadOnly: true });
export const writing = (context: Context): Context => ({ ...context, isReadOnly: false });

/** Whether all that is looked at counts as one input (`eval-all`). */
export const isTogether = (context: Context): boolean => context.nodes.every((node) => node.isTogether);
