// The rows of a long list that are drawn: those in sight, some around them, and those that may not go.
// Pure.

export interface Sight {
  // Pixels from the top of the window to the top of the list; negative once it is scrolled.
  top: number;
  height: number;
  row: number;
}

// A list of so many rows is drawn whole; of a longer one the rows in sight are, however many.
export const MOST_DRAWN = 120;
const AROUND = 12;

export function drawnRows(count: number, { top, height, row }: Sight, kept: readonly number[]): number[] {
  const first = Math.max(0, Math.min(count, Math.floor(-top / row)) - AROUND);
  const end = Math.max(0, Math.min(count, Math.ceil((height - top) / row) + AROUND));
  const drawn = new Set(kept.filter((at) => at >= 0 && at < count));
  for (let at = first; at < end; at += 1) drawn.add(at);
  return [...drawn].sort((one, other) => one - other);
}
