import type { StateStoreChange } from '../writer.ts';
import { isDeletion } from '../check-change.ts';

/** Names that are listed one by one; a longer list says how many more there are. */
const maxListed = 200;

/** `Update from: <name>` or `Delete from: <name>` for one change; for several a count, then a line for each. */
export function commitMessage(changes: readonly StateStoreChange[]): string {
  const lines = changes.map((change) => `${isDeletion(change) ? 'Delete' : 'Update'} from: ${oneLine(change.name)}`);
  if (lines.length === 1) return `${lines[0]}\n`;
  const deleted = changes.filter(isDeletion).length;
  const subject = deleted === 0 ? `Update from: ${lines.length} placements` : deleted === lines.length ? `Delete from: ${lines.length} placements` : `Update from: ${lines.length - deleted} placements, delete from: ${deleted}`;
  const more = lines.length > maxListed ? [`and ${lines.length - maxListed} more`] : [];
  return `${subject}\n\n${[...lines.slice(0, maxListed), ...more].join('\n')}\n`;
}

function oneLine(name: string): string {
  return name.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 300);
}
