import { YqError } from './errors.ts';
import { explode } from './functions-of-change.ts';
import { formatFunctions } from './functions-of-formats.ts';
import type { YamlNode } from './node.ts';
import { SEPARATOR } from './read-yaml.ts';
import { writeJson } from './write-json.ts';
import { writeProps } from './write-props.ts';
import { writeYaml } from './write-yaml.ts';

export interface PrintOptions {
  readonly format: string;
  readonly indent: number;
  readonly isUnwrapped: boolean;
  readonly hasSeparators: boolean;
  readonly isNulSeparated: boolean;
  /** Where a result goes. */
  readonly write: (text: string, node: YamlNode) => void;
}

/** Writes results one after the other, with `---` where another document begins. */
export class Printer {
  readonly #options: PrintOptions;
  #previous: string | undefined;
  /** Something was printed that is neither null nor false. */
  hasPrinted = false;

  constructor(options: PrintOptions) {
    this.#options = options;
  }

  print(nodes: readonly YamlNode[]): void {
    const { format, hasSeparators, isNulSeparated, write } = this.#options;
    for (const node of nodes) {
      const document = `${node.root.fileIndex}/${node.documentIndex}`;
      this.hasPrinted ||= node.tag !== '!!null' && !(node.tag === '!!bool' && node.value === 'false');
      const isYaml = format === 'yaml';
      const separator = isYaml && hasSeparators && this.#previous !== undefined && this.#previous !== document && !node.leadingContent.startsWith(SEPARATOR) ? '---\n' : '';
      this.#previous = document;
      const text = leading(node, this.#options) + this.#write(node);
      if (!isNulSeparated) write(separator + text, node);
      else if (text.includes('\0')) throw new YqError('can\'t serialize value because it contains NUL char and you are using NUL separated output');
      else write(`${separator}${text.replace(/\r?\n$/, '')}\0`, node);
    }
  }

  #write(node: YamlNode): string {
    const { format, indent, isUnwrapped } = this.#options;
    switch (format) {
      case 'json':
        return node.kind === 'scalar' && isUnwrapped ? `${node.value}\n` : writeJson(node, indent);
      case 'props':
        return writeProps(node);
      case 'csv':
      case 'tsv': {
        const plain = node.copy();
        explode(plain, { count: 0 });
        const call = { name: `@${format}`, args: [], number: undefined, context: { nodes: [plain], variables: new Map(), isReadOnly: true, outside: { env: {}, readFile: () => '', indent } }, evaluate: () => [], argument: () => [] };
        return `${formatFunctions[`@${format}`]!(call)[0]!.value}\n`;
      }
      default:
        if (node.kind === 'scalar' && isUnwrapped) return node.leadingContent === '' || node.value !== '' ? `${node.value}\n` : '';
        return writeYaml(node, indent);
    }
  }
}

function leading({ leadingContent }: YamlNode, { format, hasSeparators }: PrintOptions): string {
  if (leadingContent === '' || (format !== 'yaml' && format !== 'props')) return '';
  const text = leadingContent.replaceAll(`${SEPARATOR}\n`, format === 'yaml' && hasSeparators ? '---\n' : '');
  return text.endsWith('\n') || text === '' ? text : `${text}\n`;
}
