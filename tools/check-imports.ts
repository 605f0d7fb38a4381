/** Compares the table in docs/architecture.md with every package.json and every import. */
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const rooms = readTable(readFileSync(join(root, 'docs/architecture.md'), 'utf8'));
const problems: string[] = [];

for (const [room, allowed] of rooms) {
  const manifestPath = join(root, room, 'package.json');
  if (!existsSync(manifestPath)) continue;
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as Record<string, Record<string, string> | undefined>;
  for (const name of Object.keys(manifest['dependencies'] ?? {})) {
    const target = roomOf(name);
    if (target && !allowed.has(target)) problems.push(`${room}/package.json depends on ${name}: the table in docs/architecture.md does not allow it`);
  }
  const declared = new Set([
    ...Object.keys(manifest['dependencies'] ?? {}),
    ...Object.keys(manifest['devDependencies'] ?? {}),
    ...Object.keys(manifest['optionalDependencies'] ?? {}),
    ...Object.keys(manifest['peerDependencies'] ?? {}),
  ]);
  for (const file of sources(join(root, room))) {
    const isTest = file.endsWith('.test.ts') || file.includes('/tests/');
    for (const specifier of importsOf(readFileSync(file, 'utf8'))) {
      if (specifier.startsWith('.') || specifier.startsWith('node:')) continue;
      const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]!;
      const target = roomOf(name);
      const where = file.slice(root.length + 1);
      if (target && target !== room && !allowed.has(target) && !(isTest && target === 'packages/testing')) {
        problems.push(`${where} imports ${specifier}: ${room} may not import ${target}`);
      }
      if (!target && !declared.has(name) && !isTest) problems.push(`${where} imports ${name}, which ${room}/package.json does not declare`);
    }
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
} else {
  console.log(`imports: ${rooms.size} rooms keep to the table`);
}

/** Rows of the form `| room | what | may import |`. */
function readTable(markdown: string): Map<string, Set<string>> {
  const all: string[] = [];
  const rows = markdown
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells.length >= 5 && /^`(packages|promises|apps)\//.test(cells[1]!));
  for (const cells of rows) all.push(cells[1]!.replaceAll('`', ''));
  return new Map(
    rows.map((cells) => {
      const allowedText = cells[3]!;
      const allowed = allowedText === 'all' ? all : allowedText === 'nothing of ours' ? [] : allowedText.split(',').map((name) => `packages/${name.trim().replaceAll('`', '')}`);
      return [cells[1]!.replaceAll('`', ''), new Set(allowed)];
    }),
  );
}

function roomOf(packageName: string): string | undefined {
  if (packageName === 'plinth') return 'apps/plinth';
  if (packageName.startsWith('@plinth/promise-')) return `promises/${packageName.slice('@plinth/promise-'.length)}`;
  return packageName.startsWith('@plinth/') ? `packages/${packageName.slice('@plinth/'.length)}` : undefined;
}

function sources(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(source: string): string[] {
  return [...source.matchAll(/^\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm)].map((match) => match[1] ?? match[2] ?? match[3]!);
}
