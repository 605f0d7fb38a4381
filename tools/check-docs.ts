/**
 * Compares the documents with what they are about: links lead somewhere, every decision is in the index, and the tables of
 * the reference that begin with a comment `<!-- WHAT: WHERE -->` list what the code has, no more and no less.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as platform from '../packages/api/src/platform/index.ts';
import { FINALIZERS } from '../packages/platform/src/naming/finalizers.ts';
import { ANNOTATIONS, LABELS } from '../packages/platform/src/naming/labels.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const problems: string[] = [];
const pages = ['README.md', 'CHANGELOG.md', ...markdownIn('docs'), ...readmes()];

for (const page of pages) checkLinks(page);
for (const page of pages.filter((path) => path.startsWith('docs/') && !path.startsWith('docs/decisions/'))) checkPaths(page);
checkDecisions();
checkVerdicts('docs/reference/kratix.md');
checkContract('docs/reference/kratix.md');
checkSettings('docs/reference/settings.md', 'docs/reference/kratix.md');
let tables = 0;
for (const page of pages.filter((path) => path.startsWith('docs/reference/'))) {
  for (const [, what, where, section] of read(page).matchAll(/<!-- (\w+): (.+) -->\n+([\s\S]*?)(?=\n## |$)/g)) {
    tables += 1;
    switch (what) {
      case 'reasons':
        checkReasons(page, where!.split(' '), section!);
        break;
      case 'messages':
        checkMessages(page, where!, section!);
        break;
      case 'values':
        checkValues(page, where!, section!);
        break;
      default:
        problems.push(`${page}: nobody knows what <!-- ${what}: --> is to be compared with`);
    }
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
} else {
  console.log(`documents: the links of ${pages.length} pages and ${tables} tables agree with what is there`);
}

/** Relative links, to files of this repository and to headings in them. */
function checkLinks(page: string): void {
  const prose = withoutCode(read(page));
  for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target!)) continue;
    const [path, anchor] = target!.split('#') as [string, string?];
    const file = path ? join(dirname(page), path) : page;
    if (!existsSync(join(root, file))) problems.push(`${page} links to ${target}, which is not there`);
    else if (anchor && !anchorsOf(file).has(anchor)) problems.push(`${page} links to ${target}, and ${file} has no such heading`);
  }
}

/** Paths of this repository that a page names. Decisions describe their day. */
function checkPaths(page: string): void {
  for (const [, path] of read(page).matchAll(/`((?:packages|promises|apps|conformance|e2e|bench|tools|docs)\/[\w./-]*)`/g)) {
    if (!existsSync(join(root, path!))) problems.push(`${page} names ${path}, which is not there`);
  }
}

function anchorsOf(file: string): ReadonlySet<string> {
  const headings = withoutCode(read(file)).matchAll(/^#+ (.+)$/gm);
  return new Set([...headings].map(([, text]) => text!.toLowerCase().replaceAll(/[^\p{L}\p{N}\- ]/gu, '').replaceAll(' ', '-')));
}

/** Every decision has a line in the index, under its own title. */
function checkDecisions(): void {
  const index = read('docs/decisions/README.md');
  const listed = new Map([...index.matchAll(/^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \|/gm)].map(([, , file, title]) => [file!, title!]));
  const files = readdirSync(join(root, 'docs/decisions')).filter((name) => /^\d{4}-.*\.md$/.test(name));
  for (const file of files) {
    const title = /^# (?:\d{4}[:.]? *)?(.+)$/m.exec(read(`docs/decisions/${file}`))?.[1];
    if (!listed.has(file)) problems.push(`docs/decisions/README.md does not list ${file}: | [${file.slice(0, 4)}](${file}) | ${title} |`);
    else if (listed.get(file) !== title) problems.push(`docs/decisions/README.md calls ${file} "${listed.get(file)}"; its title is "${title}"`);
  }
}

/** Every row of a comparison says how it stands, in one of a few words; the head of that column is empty. */
function checkVerdicts(page: string): void {
  const verdicts = new Set(['same', 'stricter', 'better', 'other', 'ours', 'not yet']);
  for (const [table] of read(page).matchAll(/(?:^\|.*\n?)+/gm)) {
    const [head = [], , ...rows] = table.trim().split('\n').map(cellsOf);
    const column = head.indexOf('', 1);
    // The legend has nothing to compare.
    if (column < 0 || head.length === 2) continue;
    for (const cells of rows) if (!verdicts.has(cells[column] ?? '')) problems.push(`${page}: ${cells[0]} is ${JSON.stringify(cells[column] ?? '')}, not one of ${[...verdicts].join(', ')}`);
    for (const cells of rows) if (cells.length !== head.length) problems.push(`${page}: the row ${cells[0]} has ${cells.length} cells, its table ${head.length}`);
  }
}

/** Every setting that one page explains is compared with Kratix' on the other. */
function checkSettings(page: string, comparison: string): void {
  const compared = new Set(wordsIn(read(comparison)));
  for (const setting of rowsOf(read(page)).flatMap((cells) => wordsIn(cells[0]!))) {
    if (!compared.has(setting)) problems.push(`${comparison} does not compare the setting ${setting}`);
  }
}

/** The comparison names every label, annotation and finalizer and, below `Fields of KIND`, the columns and all fields of each kind, and no others. */
function checkContract(page: string): void {
  const text = read(page);
  const finalizers = Object.values(FINALIZERS).flatMap((one) => (typeof one === 'string' ? [one] : Object.values(one)));
  for (const key of [...Object.values(LABELS), ...Object.values(ANNOTATIONS), ...finalizers]) if (!text.includes(`\`${key}`)) problems.push(`${page} does not list ${key}`);
  for (const { kind, columns = [], schema } of Object.values(platform).filter((one) => 'kind' in one)) {
    const section = text.split(`### Fields of ${kind}\n`)[1]?.split(/^##/m)[0] ?? '';
    const paths = fieldsIn(schema).filter((path) => !/^(?:apiVersion|kind|metadata)\b/.test(path));
    const names = new Set(paths.flatMap((path) => path.split('.')));
    const listed = wordsIn(section).flatMap((word) => word.split(/\W+/));
    for (const path of paths) if (!listed.includes(path.split('.').at(-1)!)) problems.push(`${page} does not list ${path} of ${kind}`);
    for (const word of rowsOf(section).flatMap(([cell = '']) => wordsIn(cell)).filter((one) => /^(?:spec|status|data)\./.test(one))) {
      for (const name of word.split(/\W+/)) if (name && !names.has(name)) problems.push(`${page} lists ${word} of ${kind}, which has no ${name}`);
    }
    for (const { name } of columns) if (!section.includes(name.toUpperCase())) problems.push(`${page} does not list the column ${name} of ${kind}`);
  }
}

type Schema = (typeof platform.promises)['schema'];

/** Paths of the fields of a schema; of what has its own description elsewhere only the name. */
function fieldsIn({ properties = {} }: Schema, above = ''): readonly string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const isKnown = ['conditions', 'promiseSpec', 'sources', 'kustomizations', 'unhealthy'].includes(name);
    return [above + name, ...(isKnown ? [] : fieldsIn(field.items ?? field, `${above}${name}.`))];
  });
}

/** Reasons of conditions and events: all that the sources set are in the section; all in its table are set there. */
function checkReasons(page: string, paths: readonly string[], section: string): void {
  const sources = paths.flatMap(sourcesIn).map(read);
  const known = new Set(section.match(/`[A-Z][A-Za-z ]+`/g)?.map((word) => word.slice(1, -1)));
  const heading = paths[0]!;
  for (const reason of new Set(sources.flatMap(reasonsIn))) {
    if (!known.has(reason)) problems.push(`${page} does not explain the reason ${reason} of ${heading}`);
  }
  const literals = new Set(sources.flatMap((source) => source.match(/'[A-Z][A-Za-z ]+'/g) ?? []).map((literal) => literal.slice(1, -1)));
  for (const reason of rowsOf(section).flatMap((cells) => wordsIn(cells[2] ?? ''))) {
    if (!literals.has(reason)) problems.push(`${page} explains the reason ${reason}, which is not in ${paths.join(', ')}`);
  }
}

function reasonsIn(source: string): readonly string[] {
  const found = [
    // reason: 'A', and reason: this ? 'A' : 'B', also in types
    ...[...source.matchAll(/\breason: ([^,;}\n]*)/g)].flatMap(([, value]) => value!.match(/'[A-Z]\w+'/g) ?? []),
    // ['True', 'A', and set(conditions, 'Ready', 'True', 'A',
    ...[...source.matchAll(/'(?:True|False|Unknown)', ('[A-Z]\w+')/g)].map(([, value]) => value!),
    ...[...source.matchAll(/type \w*Reason =([^;]*);/g)].flatMap(([, value]) => value!.match(/'[A-Z]\w+'/g) ?? []),
    // What records events is called like this.
    ...[...source.matchAll(/\b(?:normal|warning)\(('[A-Z][\w ]+')/g)].map(([, value]) => value!),
  ].map((literal) => literal.slice(1, -1));
  return found.filter((reason) => !reason.startsWith('FieldValue'));
}

/** The messages of an error class, with … for what is filled in. `where`: FOLDER CLASS. */
function checkMessages(page: string, where: string, section: string): void {
  const [folder, name] = where.split(' ') as [string, string];
  const thrown = new Set(sourcesIn(folder).flatMap((path) => messagesIn(read(path), `new ${name}(`)));
  const listed = new Set(rowsOf(section).flatMap((cells) => wordsIn(cells[0]!)));
  for (const message of thrown) if (!listed.has(message)) problems.push(`${page} does not list the message \`${message}\` of ${name}`);
  for (const message of listed) if (!thrown.has(message)) problems.push(`${page} lists the message \`${message}\`, which no ${name} in ${folder} has`);
}

function messagesIn(source: string, call: string): readonly string[] {
  const messages: string[] = [];
  for (let at = source.indexOf(call); at >= 0; at = source.indexOf(call, at + 1)) {
    const start = source.slice(at + call.length).search(/\S/) + at + call.length;
    const quote = source[start];
    if (quote === "'") messages.push(source.slice(start + 1, source.indexOf("'", start + 1)));
    else if (quote === '`') messages.push(templateAt(source, start + 1));
  }
  return messages;
}

/** A template literal with every `${...}`, nested ones included, as one …. */
function templateAt(source: string, start: number): string {
  let text = '';
  let depth = 0;
  for (let at = start; at < source.length; at++) {
    if (depth === 0 && source[at] === '`') break;
    if (source.startsWith('${', at)) {
      if (depth === 0) text += '…';
      depth += 1;
      at += 1;
    } else if (depth > 0) {
      if (source[at] === '{') depth += 1;
      if (source[at] === '}') depth -= 1;
    } else {
      text += source[at];
    }
  }
  return text;
}

/** The literals of a union type, or of the property `reason` of a class. `where`: FILE NAME. */
function checkValues(page: string, where: string, section: string): void {
  const [file, name] = where.split(' ') as [string, string];
  const source = read(file);
  const union = new RegExp(`type ${name} =([\\s\\S]*?);|class ${name} [\\s\\S]*?reason: ([^;]*);`).exec(source);
  const values = new Set([...(union?.[1] ?? union?.[2] ?? '').matchAll(/'([\w-]+)'/g)].map(([, value]) => value!));
  const listed = new Set(rowsOf(section).flatMap((cells) => wordsIn(cells[0]!)));
  if (values.size === 0) problems.push(`${page}: found no values of ${name} in ${file}`);
  for (const value of values) if (!listed.has(value)) problems.push(`${page} does not list ${value} of ${name}`);
  for (const value of listed) if (!values.has(value)) problems.push(`${page} lists ${value}, which is not in ${name}`);
}

/** The rows of the first table, without its head. */
function rowsOf(section: string): readonly (readonly string[])[] {
  return (/(?:^\|.*\n?)+/m.exec(section)?.[0] ?? '')
    .trim()
    .split('\n')
    .slice(2)
    .map(cellsOf);
}

function cellsOf(line: string): readonly string[] {
  return line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim());
}

function wordsIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);
}

/** Blocks go; what is code in a line stays as its text, since headings are linked to by it. */
function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, (code) => code.slice(1, -1).replaceAll(/[[\]()]/g, ''));
}

function sourcesIn(path: string): readonly string[] {
  if (statSync(join(root, path)).isFile()) return [path];
  return readdirSync(join(root, path), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

function markdownIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

function readmes(): readonly string[] {
  return ['packages', 'promises', 'apps']
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name, 'README.md')))
    .concat('bench/README.md')
    .filter((path) => existsSync(join(root, path)));
}
