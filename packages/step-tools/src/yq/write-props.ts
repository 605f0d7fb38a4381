import { resolved, type YamlNode } from './node.ts';
import { pairsOf } from './pairs.ts';

/** A document as Java properties: a line for each scalar, with the comments that it had. */
export function writeProps(root: YamlNode): string {
  const parts: string[] = [];
  const visit = (given: YamlNode, path: string, key: YamlNode | undefined): void => {
    const node = resolved(given);
    if (node.kind === 'map') for (const [each, value] of pairsOf(node)) visit(value, path === '' ? each.value : `${path}.${each.value}`, each);
    else if (node.kind === 'seq') for (const [index, item] of node.content.entries()) visit(item, path === '' ? String(index) : `${path}.${index}`, undefined);
    else {
      const comments = [key?.headComment, key?.lineComment, node.headComment, node.lineComment].filter((text) => text).join('\n');
      const lines = comments === '' ? '' : `${parts.length > 0 ? '\n' : ''}${comments.split('\n').map((line) => `# ${line.replace(/^#\s?/, '')}\n`).join('')}`;
      const name = path.replaceAll(/[ :=]/g, (character) => `\\${character}`);
      const value = node.tag === '!!null' ? '' : node.value;
      parts.push(`${lines}${name} = ${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r')}\n`);
    }
  };
  if (root.kind === 'scalar') return `${root.value}\n`;
  visit(root, '', undefined);
  return parts.join('');
}
