/**
 * A guide is a program: its ```sh blocks are run, in order, in one shell; a ```text block right after one says what it
 * prints. What stands behind the language decides:
 *
 * - `sh not-run`: only shown. `sh fails`: exits with another code than 0. `sh needs=psql`: not run where psql is missing.
 * - `text any-order`: lines may come in another order.
 * - `ts file=step.ts` (any language): is saved as this file first, as the guide tells its reader to.
 */
export interface GuideStep {
  /** Of the block's first line, for messages. */
  readonly line: number;
  readonly kind: 'run' | 'save';
  readonly text: string;
  readonly file?: string;
  readonly fails: boolean;
  readonly needs?: string;
  readonly expected?: string;
  readonly anyOrder: boolean;
}

interface Block {
  readonly line: number;
  readonly end: number;
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
}

/** The steps of a guide. Throws on a block that is marked with a word that means nothing. */
export function parseGuide(markdown: string): readonly GuideStep[] {
  const blocks = blocksOf(markdown);
  return blocks.flatMap((block, index): readonly GuideStep[] => {
    const { line, language, words, text } = block;
    const value = (key: string): string | undefined => words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
    const strange = words.filter((word) => !['not-run', 'fails', 'any-order'].includes(word) && !/^(needs|file)=/.test(word));
    if (strange.length > 0) throw new Error(`line ${line}: nobody knows what ${strange.join(' ')} means`);
    const file = value('file');
    if (file) return [{ line, kind: 'save', text: `${text}\n`, file, fails: false, anyOrder: false }];
    if (language !== 'sh' || words.includes('not-run')) return [];
    const next = blocks[index + 1];
    // One that comes after more words is about something else.
    const output = next?.language === 'text' && next.line <= block.end + 2 ? next : undefined;
    const needs = value('needs');
    return [
      {
        line,
        kind: 'run',
        text,
        fails: words.includes('fails'),
        anyOrder: output?.words.includes('any-order') ?? false,
        ...(needs ? { needs } : {}),
        ...(output ? { expected: output.text } : {}),
      },
    ];
  });
}

/** The text blocks, for documents that are compared and not run. */
export function textBlocks(markdown: string): readonly string[] {
  return blocksOf(markdown)
    .filter(({ language }) => language === 'text')
    .map(({ text }) => text);
}

function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { line: number; info: string; lines: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (!line.startsWith('```')) {
      open?.lines.push(line);
    } else if (open) {
      const [language = '', ...words] = open.info.split(/\s+/);
      blocks.push({ line: open.line, end: index + 1, language, words, text: open.lines.join('\n') });
      open = undefined;
    } else {
      open = { line: index + 1, info: line.slice(3).trim(), lines: [] };
    }
  }
  return blocks;
}
