import type { YamlNode } from './node.ts';

/** What an expression is made of. `at` is where it stands in its text. */
export type Expression =
  | { readonly type: 'self' }
  | { readonly type: 'value'; readonly node: YamlNode }
  /** With `\(...)` in it. */
  | { readonly type: 'string'; readonly text: string }
  | { readonly type: 'path'; readonly from: Expression; readonly key: string; readonly isOptional: boolean }
  /** `.[]` without indices. */
  | { readonly type: 'index'; readonly from: Expression; readonly indices: Expression | undefined; readonly isOptional: boolean }
  | { readonly type: 'slice'; readonly from: Expression; readonly first: Expression; readonly end: Expression }
  | { readonly type: 'collect'; readonly of: Expression | undefined }
  | { readonly type: 'object'; readonly pairs: readonly (readonly [Expression, Expression])[] }
  | { readonly type: 'variable'; readonly name: string }
  | { readonly type: 'env'; readonly name: string; readonly isString: boolean }
  | { readonly type: 'descend'; readonly withKeys: boolean }
  | { readonly type: 'binary'; readonly operator: string; readonly flags: string; readonly left: Expression; readonly right: Expression; readonly at: number }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Expression[]; readonly number: number | undefined; readonly at: number };
