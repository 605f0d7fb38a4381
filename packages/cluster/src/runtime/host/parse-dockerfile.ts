/** One instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** Counted from 1. */
  readonly line: number;
  /** `--from=builder` -> `{from: 'builder'}`. */
  readonly options: Readonly<Record<string, string>>;
  /** All after name and options, as it stands. */
  readonly text: string;
  /** The text as words: the elements of a list, or what blanks and quotes separate. */
  readonly words: readonly string[];
  /** `["sh", "-c"]` rather than `sh -c`. */
  readonly isList: boolean;
}

/** Reads the instructions of a Dockerfile, without their meaning. Text in heredocs is skipped. */
export function parseDockerfile(text: string): readonly Instruction[] {
  const instructions: Instruction[] = [];
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    const line = at + 1;
    let whole = lines[at]!;
    if (/^\s*(#|$)/.test(whole)) continue;
    while (/\\\s*$/.test(whole) && at + 1 < lines.length) {
      const next = lines[(at += 1)]!;
      // A comment between continued lines is no part of them.
      whole = /^\s*#/.test(next) ? whole : whole.replace(/\\\s*$/, ' ') + next;
    }
    const heredoc = /<<-?"?(\w+)"?/.exec(whole);
    if (heredoc) while (at + 1 < lines.length && lines[(at += 1)]!.trim() !== heredoc[1]) continue;
    const [, name, afterName] = /^\s*(\w+)\s*(.*)$/s.exec(whole) ?? [];
    if (!name) continue;
    const options: Record<string, string> = {};
    let rest = (afterName ?? '').trim();
    for (let option = /^--([\w-]+)(?:=(\S*))?\s*/.exec(rest); option; option = /^--([\w-]+)(?:=(\S*))?\s*/.exec(rest)) {
      options[option[1]!] = option[2] ?? '';
      rest = rest.slice(option[0].length);
    }
    const list = listOf(rest);
    instructions.push({ name: name.toUpperCase(), line, options, text: rest, words: list ?? wordsOf(rest), isList: list !== undefined });
  }
  return instructions;
}

function listOf(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? (value as string[]) : undefined;
  } catch {
    return undefined;
  }
}

const wordsOf = (text: string): readonly string[] =>
  (text.match(/(?:[^\s"']|"(?:[^"\\]|\\.)*"|'[^']*')+/g) ?? []).map((word) => word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_whole, double?: string, single?: string) => double ?? single ?? ''));
