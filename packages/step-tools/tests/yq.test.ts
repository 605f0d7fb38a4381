import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runYq, type Machine } from '../src/yq/run.ts';

interface Recorded {
  readonly recordedFrom: string;
  readonly env: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly cases: readonly { readonly args: readonly string[]; readonly stdout: string; readonly exitCode?: number; readonly written?: Readonly<Record<string, string>> }[];
}

/** What yq 4 itself printed and wrote when it was called like that. */
const recorded = JSON.parse(readFileSync(new URL('yq-recorded.json', import.meta.url), 'utf8')) as Recorded;

function yq(args: readonly string[], { files = recorded.files, env = recorded.env, input }: { readonly files?: Readonly<Record<string, string>>; readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {}) {
  const written: Record<string, string> = {};
  let stdout = '';
  let stderr = '';
  const machine: Machine = {
    env,
    readFile: (path) => {
      const text = path === '-' ? input : files[path];
      if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
      return text;
    },
    writeFile: (path, text) => (written[path] = text),
    isFile: (path) => files[path] !== undefined,
    hasInput: input !== undefined,
    print: (text) => (stdout += text),
    warn: (text) => (stderr += text),
  };
  const exitCode = runYq(args, machine);
  const changed = Object.fromEntries(Object.entries(written).filter(([path, text]) => files[path] !== text));
  return { exitCode, stdout, stderr, written: changed };
}

describe(`as ${recorded.recordedFrom}`, () => {
  it.each(recorded.cases.map((each) => [each.args.join(' '), each] as const))('yq %s', (_name, { args, stdout, exitCode = 0, written = {} }) => {
    const result = yq(args);
    expect({ stdout: result.stdout, exitCode: result.exitCode, written: result.written }, result.stderr).toEqual({ stdout, exitCode, written });
  });
});

describe('what it does not know', () => {
  const remedy = "this is Plinth's own yq, which knows a part of yq 4; install yq 4 (https://github.com/mikefarah/yq), or put it into bin in Plinth's data directory";

  it.each([
    [['format_datetime("2006")', 'o.yaml'], "'format_datetime' is not understood at character 1 of 'format_datetime(\"2006\")'"],
    [['.a | if . then 1 else 2 end', 'o.yaml'], "'if' is not understood at character 6 of '.a | if . then 1 else 2 end'"],
    [['.a |', 'o.yaml'], "an expression that ends where a value is expected is not understood at character 5 of '.a |'"],
    [['(.a', 'o.yaml'], "the end where ')' is expected is not understood at character 4 of '(.a'"],
    [['.kind | tag = "!!str"', 'o.yaml'], "'tag =' without what it is written to in front of it is not understood at character 9 of '.kind | tag = \"!!str\"'"],
    [['{.kind}', 'o.yaml'], "a map whose entries are not all key: value is not understood at character 7 of '{.kind}'"],
    [['-n', '"a" | test("[[:alpha:]]\\\\pL")'], "'\\p' in the regular expression '[[:alpha:]]\\pL' is not understood"],
    [['-n', '"a" | test("\\\\x{61}")'], "'\\x{' in the regular expression '\\x{61}' is not understood"],
    [['-n', '"a" | test("[[:foo:]]")'], "'[:foo:]' in the regular expression '[[:foo:]]' is not understood"],
    [['--front-matter', 'extract', '.', 'o.yaml'], 'the option --front-matter is not understood'],
    [['-o', 'xml', '.', 'o.yaml'], "the format 'xml' of --output-format is not understood"],
    [['.', 'x.toml'], 'a file of the format toml (x.toml) is not understood'],
  ])('is refused: yq %j', (args, message) => {
    expect(yq(args, { files: { ...recorded.files, 'x.toml': 'a = 1\n' } })).toEqual({ exitCode: 1, stdout: '', stderr: `Error: ${message}; ${remedy}\n`, written: {} });
  });
});

describe('a call that fails', () => {
  it.each([
    [['.spec'], 'there is nothing to read: neither a file nor an input'],
    [['.', 'o.yaml', 'nothing.yaml'], 'open nothing.yaml: no such file or directory'],
    [['-i', '.a = 1'], 'write in place flag only applicable when giving an expression and at least one file'],
    [['-n', '.', 'o.yaml'], 'cannot pass files in when using null-input flag'],
    [['-n', '.a = env(NOT_SET)'], "value for env variable 'NOT_SET' not provided in env()"],
    [['.kind + [1]', 'o.yaml'], '!!seq () cannot be added to a !!str (kind)'],
    [['-n', 'error("so")'], 'so'],
    [['-n', '"100%" | @urid'], "'100%' is not the encoding of a text for an address"],
    [['.', 'broken.yaml'], "bad file 'broken.yaml': "],
    [['-n', '[1] | .[9999999]'], 'cannot make an array longer than 1000000'],
    [['-n', '"ab" * 9999999'], 'cannot repeat string 9999999 times: it would be longer than 10000000 characters'],
  ])('yq %j says why', (args, message) => {
    const { exitCode, stdout, stderr, written } = yq(args, { files: { ...recorded.files, 'broken.yaml': 'a: [1\nb: 2\n' } });
    expect({ exitCode, written }).toEqual({ exitCode: 1, written: {} });
    expect(stdout === '' || args.includes('o.yaml')).toBe(true);
    expect(stderr).toContain(`Error: ${message}`);
  });

  it('writes nothing in place when the expression fails on a later document', () => {
    expect(yq(['-i', '.a + 1', 'two.yaml'], { files: { 'two.yaml': 'a: 1\n---\na: [1]\n---\na: {}\n' } })).toMatchObject({ exitCode: 1, written: {} });
  });
});

describe('what differs from yq 4 on purpose', () => {
  it('takes the slice of what stands in front of it', () => {
    expect(yq(['.spec.words[1:]', 'o.yaml']).stdout).toBe('- two\n- three\n');
  });

  it('leaves merge keys as they were written', () => {
    expect(yq(['.derived', 'an.yaml']).stdout).toBe('<<: *base\nb: 3\n');
  });

  it('keeps documents apart that it makes anew', () => {
    expect(yq(['with_entries(select(.key == "kind"))', 'm.yaml']).stdout).toBe('# leading\nkind: A\n---\nkind: B\n---\n# third\nkind: C\n');
  });

  it('puts the comment of a value above its key', () => {
    expect(yq(['-n', '.a = "x" | .a head_comment = "so"']).stdout).toBe('# so\na: x\n');
  });
});

it('reads standard input where no file is named, and the name `-`', () => {
  expect(yq(['.a'], { input: 'a: 1\n' }).stdout).toBe('1\n');
  expect(yq(['eval', '.a', '-'], { input: 'a: 2\n' }).stdout).toBe('2\n');
  expect(yq(['-P'], { input: '{"a": [1]}' }).stdout).toBe('a:\n  - 1\n');
});

it.each([
  ['<$0>', '<a>b'],
  ['${1}x', 'axb'],
  ['$1x', 'b'],
  ['$2', 'b'],
  ['$HOME', 'b'],
  ['${first}$$1', 'a$1b'],
  ['$&', '$&b'],
])('puts in place of a match what Go makes of %j', (template, expected) => {
  expect(yq(['-n', `"ab" | sub("(?P<first>a)", strenv(TEMPLATE))`], { env: { TEMPLATE: template } }).stdout).toBe(`${expected}\n`);
});

it('stands aliases that stand for very much out', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...'bcdefgh'.split('').map((name, index) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefg'[index]}`).join(', ')}]`)].join('\n');
  expect(yq(['-o', 'json', '.', 'bomb.yaml'], { files: { 'bomb.yaml': bomb } })).toMatchObject({ exitCode: 1, stderr: 'Error: what the aliases stand for is more than 2000000 values\n' });
});
