// Joins two versions of a text that began as one. Pure.

// The joined text, by paragraphs; null where both changed the same place.
export function merged(base: string, mine: string, theirs: string): string | null {
  if (mine === theirs || theirs === base) return mine;
  if (mine === base) return theirs;
  const before = paragraphs(base);
  const ours = change(before, paragraphs(mine));
  const other = change(before, paragraphs(theirs));
  const [first, second] = ours.from <= other.from ? [ours, other] : [other, ours];
  if (first.to > second.from || (first.from === second.from && first.to === second.to)) return null;
  return [
    ...before.slice(0, first.from),
    ...first.put,
    ...before.slice(first.to, second.from),
    ...second.put,
    ...before.slice(second.to),
  ].join("");
}

interface Change {
  // Paragraphs `from` to `to` of the base become `put`.
  from: number;
  to: number;
  put: string[];
}

function paragraphs(text: string): string[] {
  return text.split(/(?<=\n[ \t]*\n)/);
}

function change(before: string[], after: string[]): Change {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return { from: start, to: before.length - end, put: after.slice(start, after.length - end) };
}

// Where a place of one text is in another that was made from it.
export function moved(before: string, after: string, place: number): number {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  if (place <= start) return place;
  let end = 0;
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  if (place >= before.length - end) return place + after.length - before.length;
  return Math.min(place, after.length - end);
}
