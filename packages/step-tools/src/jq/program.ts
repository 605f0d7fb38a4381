/** The parts of a jq program in order: its code, and the literal text of its strings. What `\(...)` holds is code. */
export function partsOf(program: string): readonly { readonly isCode: boolean; readonly text: string }[] {
  const parts: { isCode: boolean; text: string }[] = [{ isCode: true, text: '' }];
  const add = (isCode: boolean, text: string): void => {
    if (parts.at(-1)!.isCode !== isCode) parts.push({ isCode, text: '' });
    parts.at(-1)!.text += text;
  };
  // How many brackets are open in each piece of code; between two of them lies a string.
  const open: number[] = [0];
  let isCode = true;
  for (let at = 0; at < program.length; at += 1) {
    const character = program[at]!;
    if (!isCode && character === '\\') {
      const isInterpolated = program[at + 1] === '(';
      add(false, program.slice(at, at + 2));
      at += 1;
      if (isInterpolated) {
        open.push(0);
        isCode = true;
      }
    } else if (character === '"') {
      add(false, character);
      isCode = !isCode;
    } else if (isCode && character === '#') {
      const end = program.indexOf('\n', at);
      at = end < 0 ? program.length : end - 1;
    } else if (isCode && character === ')' && open.at(-1) === 0 && open.length > 1) {
      open.pop();
      isCode = false;
      add(false, character);
    } else {
      if (isCode && character === '(') open.push(open.pop()! + 1);
      if (isCode && character === ')') open.push(open.pop()! - 1);
      add(isCode, character);
    }
  }
  return parts;
}
