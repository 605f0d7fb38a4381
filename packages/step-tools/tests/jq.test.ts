import { describe, expect, it } from 'vitest';
import { runJq } from '../src/jq/run.ts';

const DOCUMENT = '{"a": 1, "b": {"c": [1, 2.5, "x", null, true]}, "s": " q\\"uote ", "t": "x\\n\\n", "n": null, "f": false}';
const files: Readonly<Record<string, string>> = { 'one.json': '{"k": 1}', 'two.json': '[2] "two" 3', 'p.jq': '.a # the first\n', 'text.txt': 'a,b\nc\n' };

const jq = (args: readonly string[], input = DOCUMENT) =>
  runJq(args, {
    env: { NAME: 'ann' },
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });
      return text;
    },
    readInput: () => input,
  });

describe(runJq, () => {
  it.each([
    [['.a'], '1\n'],
    [['-c', '.b'], '{"c":[1,2.5,"x",null,true]}\n'],
    [['.b'], '{\n  "c": [\n    1,\n    2.5,\n    "x",\n    null,\n    true\n  ]\n}\n'],
    [['--indent', '1', '{a}'], '{\n "a": 1\n}\n'],
    [['-r', '.s, .t'], ' q"uote \nx\n\n\n'],
    [['-j', '.s, .t'], ' q"uote x\n\n'],
    [['-rc', '.b.c[]'], '1\n2.5\nx\nnull\ntrue\n'],
    [['-e', '.n'], 'null\n', 1],
    [['-e', '.a'], '1\n', 0],
    [['-e', 'empty'], '', 4],
    [['-n', 'env.NAME, $ENV.NAME'], '"ann"\n"ann"\n'],
    [['-nr', '"\\(env.NAME) $ENV.NAME \\("(" + $ENV.NAME)"'], 'ann $ENV.NAME (ann\n'],
    [['-nc', '{$ENV}, (env | keys) # both'], '{"ENV":{"NAME":"ann"}}\n["NAME"]\n'],
    [['.env'], 'null\n'],
    [['--arg', 'x', '4', '.a + ($x | tonumber)'], '5\n'],
    [['--argjson', 'x', '{"y": 2}', '$x.y'], '2\n'],
    [['-n', '--slurpfile', 'x', 'two.json', '-c', '$x'], '[[2],"two",3]\n'],
    [['-n', '--rawfile', 'x', 'text.txt', '$x | length'], '6\n'],
    [['-f', 'p.jq'], '1\n'],
    [['-c', '.', 'one.json', 'two.json'], '{"k":1}\n[2]\n"two"\n3\n'],
    [['-sc', '.', 'one.json', 'two.json'], '[{"k":1},[2],"two",3]\n'],
    [['-R', '.', 'text.txt'], '"a,b"\n"c"\n'],
    [['def f: . + 1; .a | f'], '2\n'],
    [['-S', '-c', '{b: 1, a: 2}'], '{"a":2,"b":1}\n'],
    [['-n', '"x" | halt_error'], '', 5],
  ] as const satisfies readonly (readonly [readonly string[], string, number?])[])('jq %j', async (args: readonly string[], stdout: string, exitCode = 0) => {
    expect(await jq(args)).toMatchObject({ stdout, exitCode });
  });

  it('says what is wrong with a program, with an input, and with what it finds there', async () => {
    expect(await jq(['.a['])).toMatchObject({ exitCode: 3, stdout: '', stderr: expect.stringContaining('syntax error') as string });
    expect(await jq(['.'], '{"a": 1} {')).toMatchObject({ exitCode: 2 + 3, stdout: '{\n  "a": 1\n}\n', stderr: expect.stringContaining('parse error') as string });
    expect(await jq(['.a | .b'])).toMatchObject({ exitCode: 5, stderr: 'jq: error (at <stdin>:0): Cannot index number with string ("b")\n' });
    expect(await jq(['.', 'none.json'])).toMatchObject({ exitCode: 2, stderr: "jq: error: ENOENT: no such file or directory, open 'none.json'\n" });
  });

  it('refuses what it does not know', async () => {
    expect(await jq(['--args', '.', 'x'])).toEqual({ exitCode: 2, stdout: '', stderr: 'jq: error: the option --args is not understood by the jq that comes with Plinth; install jq\n' });
    expect(await jq(['input_filename'])).toMatchObject({ exitCode: 2, stderr: "jq: error: 'input_filename' is not understood by the jq that comes with Plinth; install jq\n" });
  });
});
