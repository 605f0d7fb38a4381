/** Whether a text fits a pattern, in which `*` stands for anything and `?` for one character; in time linear in both. */
export function matchesKey(text: string, pattern: string): boolean {
  if (pattern === '' || pattern === text) return text === pattern;
  let [atText, atPattern, backText, backPattern] = [0, 0, 0, -1];
  while (atText < text.length || atPattern < pattern.length) {
    const wanted = pattern[atPattern];
    if (wanted === '*') {
      backPattern = atPattern;
      backText = atText + 1;
      atPattern += 1;
    } else if (atText < text.length && wanted !== undefined && (wanted === '?' || wanted === text[atText])) {
      atText += 1;
      atPattern += 1;
    } else if (backPattern >= 0 && backText <= text.length) {
      atPattern = backPattern;
      atText = backText;
    } else return false;
  }
  return true;
}
