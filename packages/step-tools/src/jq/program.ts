/** The code of a jq program: a space stands for the literal text of its strings, and comments are gone. What `\(...)` holds is code. */
export function codeOf(program: string): string {
  let code = '';
  // How many brackets are open in each piece of code; between two of them lies a string.
  const open: number[] = [0];
  let isCode = true;
  for (let at = 0; at < program.length; at += 1) {
    const character = program[at]!;
    if (!isCode && character === '\\') {
      at += 1;
      if (program[at] === '(') {
        open.push(0);
        isCode = true;
      }
    } else if (character === '"') {
      code += ' ';
      isCode = !isCode;
    } else if (isCode && character === '#') {
      const end = program.indexOf('\n', at);
      at = end < 0 ? program.length : end - 1;
    } else if (isCode && character === ')' && open.at(-1) === 0 && open.length > 1) {
      open.pop();
      isCode = false;
      code += ' ';
    } else {
      if (isCode && character === '(') open.push(open.pop()! + 1);
      if (isCode && character === ')') open.push(open.pop()! - 1);
      if (isCode) code += character;
    }
  }
  return code;
}
