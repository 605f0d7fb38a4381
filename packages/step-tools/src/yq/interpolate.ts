import { on, type Context, type Evaluate } from './context.ts';
import { parse } from './parse.ts';
import { writeYaml } from './write-yaml.ts';

/** A string with what its `\(...)` come to. */
export function interpolate(text: string, context: Context, evaluate: Evaluate): string {
  if (!text.includes('\\')) return text;
  let written = '';
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== '\\') written += text[at];
    else if (text[at + 1] === '(') {
      const end = closing(text, at + 2);
      // Real yq takes a string whose expression does not end as it is.
      if (end < 0) return text;
      written += textOf(text.slice(at + 2, end).replaceAll(/\\([)\\])/g, '$1'), context, evaluate);
      at = end;
    } else if (text[at + 1] === '\\') {
      written += '\\';
      at += 1;
    } else written += '\\';
  }
  return written;
}

function closing(text: string, from: number): number {
  let open = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '(') open += 1;
    else if (text[at] === ')' && open-- === 0) return at;
  }
  return -1;
}

function textOf(expression: string, context: Context, evaluate: Evaluate): string {
  const [first] = evaluate(parse(expression), context.nodes.length > 0 ? on(context, ...context.nodes) : context);
  if (!first) return '';
  return first.kind === 'scalar' ? first.value : writeYaml(first, context.outside.indent).replace(/\n+$/, '');
}
