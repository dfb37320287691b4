// A list that is read by pages while it changes. Pure.

export interface Page<Entry> {
  interactions: Entry[];
  // Of the messages about changes: those behind it are not in this page.
  position: number;
  totalCount: number;
}

interface Found<Entry> {
  interactions: Entry[];
  position: number;
}

const MOST_TRIES = 3;

// All entries as of `position`; what changes behind it comes as messages. Where the list changes
// between two pages, an entry may stand on neither: it is read again. One that never rests is what
// all tries found together, as of the first.
export async function readAllPages<Entry extends { id: string }>(
  readPage: (offset: number) => Promise<Page<Entry>>,
): Promise<Found<Entry>> {
  const found = new Map<string, Entry>();
  let earliest: number | undefined;
  for (let left = MOST_TRIES; left > 0; left -= 1) {
    const { isWhole, interactions, position } = await readOnce(readPage);
    if (isWhole) return { interactions, position };
    earliest ??= position;
    for (const one of interactions) found.set(one.id, one);
  }
  return { interactions: [...found.values()], position: earliest ?? 0 };
}

async function readOnce<Entry extends { id: string }>(
  readPage: (offset: number) => Promise<Page<Entry>>,
): Promise<Found<Entry> & { isWhole: boolean }> {
  const { interactions, position, totalCount } = await readPage(0);
  const found = [...interactions];
  let isWhole = true;
  for (let end = found.length; end < totalCount; ) {
    // It begins with the last entry of the page before, unless something moved.
    const start = Math.max(0, end - 1);
    const next = await readPage(start);
    const [first, ...further] = next.interactions;
    const isSteady = next.totalCount === totalCount && first?.id === found.at(-1)?.id;
    isWhole &&= isSteady && further.length > 0;
    if (further.length === 0) break;
    found.push(...(isSteady ? further : next.interactions));
    end = start + next.interactions.length;
  }
  return { interactions: found, position, isWhole };
}
