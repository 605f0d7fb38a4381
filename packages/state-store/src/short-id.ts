/** The first five characters of a workload group's id: the last directory of `nestedByMetadata` paths (`5058f` for `.`). */
export function shortId(groupId: string): string {
  return groupId.slice(0, 5);
}
