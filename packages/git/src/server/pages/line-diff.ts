/** One line of a diff: kept, taken away or added, with its numbers before and after. */
export interface DiffLine {
  readonly type: 'same' | 'del' | 'add';
  readonly text: string;
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/** Edits beyond this are not searched for: everything between the common beginning and end then counts as replaced. */
const maxEdits = 800;

/** The shortest way from one list of lines to another (Myers, "An O(ND) Difference Algorithm", 1986). */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const a = before.slice(head, before.length - tail);
  const b = after.slice(head, after.length - tail);
  const moves = shortest(a, b) ?? [...a.map(() => 'del' as const), ...b.map(() => 'add' as const)];
  const lines: DiffLine[] = [];
  let left = 0;
  let right = 0;
  const push = (type: DiffLine['type']): void => {
    lines.push({ type, text: type === 'add' ? after[right]! : before[left]!, before: type === 'add' ? undefined : left + 1, after: type === 'del' ? undefined : right + 1 });
    if (type !== 'add') left++;
    if (type !== 'del') right++;
  };
  for (let at = 0; at < head; at++) push('same');
  for (const move of moves) push(move);
  for (let at = 0; at < tail; at++) push('same');
  return lines;
}

function shortest(a: readonly string[], b: readonly string[]): DiffLine['type'][] | undefined {
  const most = Math.min(a.length + b.length, maxEdits);
  const offset = most + 1;
  let furthest = new Int32Array(2 * offset + 1);
  const trace: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits++) {
    trace.push(furthest.slice());
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = diagonal === -edits || (diagonal !== edits && furthest[offset + diagonal - 1]! < furthest[offset + diagonal + 1]!);
      let x = down ? furthest[offset + diagonal + 1]! : furthest[offset + diagonal - 1]! + 1;
      let y = x - diagonal;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
      }
      furthest[offset + diagonal] = x;
      if (x >= a.length && y >= b.length) return backtrack(trace, a.length, b.length, offset);
    }
    furthest = furthest.slice();
  }
  return undefined;
}

function backtrack(trace: readonly Int32Array[], aLength: number, bLength: number, offset: number): DiffLine['type'][] {
  const moves: DiffLine['type'][] = [];
  let x = aLength;
  let y = bLength;
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const furthest = trace[edits]!;
    const diagonal = x - y;
    const down = diagonal === -edits || (diagonal !== edits && furthest[offset + diagonal - 1]! < furthest[offset + diagonal + 1]!);
    const previous = down ? diagonal + 1 : diagonal - 1;
    const fromX = edits === 0 ? 0 : furthest[offset + previous]!;
    const fromY = edits === 0 ? 0 : fromX - previous;
    while (x > fromX && y > fromY) {
      moves.push('same');
      x--;
      y--;
    }
    if (edits === 0) break;
    moves.push(down ? 'add' : 'del');
    x = fromX;
    y = fromY;
  }
  return moves.reverse();
}

/** Stretches around the changes, with `context` unchanged lines before and after. */
export function hunks(lines: readonly DiffLine[], context = 3): DiffLine[][] {
  const ranges: { readonly from: number; to: number }[] = [];
  for (const [at, line] of lines.entries()) {
    if (line.type === 'same') continue;
    const last = ranges.at(-1);
    if (last && at - context <= last.to) last.to = at + context + 1;
    else ranges.push({ from: Math.max(at - context, 0), to: at + context + 1 });
  }
  return ranges.map(({ from, to }) => lines.slice(from, to));
}
