// Mails as Context Services show them: what came before in a conversation, and whom answers reach.

import { SvelteMap } from "svelte/reactivity";
import type { History } from "../api/types";
import { desk } from "../worklist/desk.svelte";
import { putNewest } from "../worklist/newest";

const MOST_BEFORE = 20;
const MOST_KNOWN = 50;
const known = new SvelteMap<string, History>();

export function historyOf(id: string): History | undefined {
  return known.get(id);
}

// The address that an answer goes to; empty until it is known.
export function replyAddress(id: string): string {
  return known.get(id)?.reply_to?.address ?? "";
}

export async function readHistory(id: string, again = false): Promise<History | undefined> {
  if (again || !known.has(id)) {
    try {
      putNewest(known, id, await desk.api.get<History>(`/ucs/interactions/${id}`), MOST_KNOWN);
    } catch {
      // A mail of a thread that this agent may not read: it is left out.
      return undefined;
    }
  }
  return known.get(id);
}

// The mails before one, newest first, as far as the agent may read them.
export async function readThread(id: string): Promise<History[]> {
  const found: History[] = [];
  const seen = new Set([id]);
  let next = (await readHistory(id))?.parent_id;
  while (next && !seen.has(next) && found.length < MOST_BEFORE) {
    seen.add(next);
    const before = await readHistory(next);
    if (before?.text === undefined) break;
    found.push(before);
    next = before.parent_id;
  }
  return found;
}
