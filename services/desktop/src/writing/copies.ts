// Copies of what the server has not yet, in this browser: a crash of either loses no word.

import { del, delMany, entries, get, set } from "idb-keyval";
import type { Copy } from "./reconcile";

interface StoredCopy extends Copy {
  // Milliseconds since 1970; missing in copies of earlier releases.
  readonly storedAt?: number;
}

// A copy outlives its draft at the agent for a while: the draft may come back.
const LASTS = 7 * 24 * 3600 * 1000;
// A private window may have no storage, or one that never answers.
const PATIENCE = 3_000;

const keyOf = (user: string, draft: string): string => `mailroom.draft.${user}.${draft}`;

// Undefined where there is none, and where the browser stores nothing.
export async function readCopy(user: string, draft: string): Promise<Copy | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PATIENCE));
  return Promise.race([get<StoredCopy>(keyOf(user, draft)).catch(() => undefined), late]);
}

// False where the browser stores nothing: then only the page itself has the words.
export async function writeCopy(user: string, draft: string, copy: Copy): Promise<boolean> {
  const stored: StoredCopy = { ...copy, storedAt: Date.now() };
  return set(keyOf(user, draft), stored).then(
    () => true,
    () => false,
  );
}

export async function dropCopy(user: string, draft: string): Promise<void> {
  await del(keyOf(user, draft)).catch(() => undefined);
}

// Drops old copies of drafts that the agent no longer has.
export async function dropStaleCopies(user: string, held: ReadonlySet<string>): Promise<void> {
  try {
    await delMany(staleKeys(await entries<string, StoredCopy>(), user, held, Date.now()));
  } catch {
    // Without storage there is nothing to drop.
  }
}

// The keys among `stored` of this user's copies that are older than a week and of no held draft.
export function staleKeys(
  stored: readonly [string, { readonly storedAt?: number }][],
  user: string,
  held: ReadonlySet<string>,
  now: number,
): string[] {
  const start = keyOf(user, "");
  return stored
    .filter(([key]) => String(key).startsWith(start) && !held.has(key.slice(start.length)))
    .filter(([, copy]) => now - (copy.storedAt ?? 0) > LASTS)
    .map(([key]) => key);
}
