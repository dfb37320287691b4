// Copies of what the server has not yet, in this browser: a crash of either loses no word.

import { del, get, set } from "idb-keyval";
import type { Fields } from "./fields";

export interface Copy {
  base: Fields;
  fields: Fields;
}

const key = (user: string, draft: string): string => `mailroom.draft.${user}.${draft}`;

// A private window may have no storage: then only the page itself has the words.
export async function readCopy(user: string, draft: string): Promise<Copy | undefined> {
  return get<Copy>(key(user, draft)).catch(() => undefined);
}

export async function writeCopy(user: string, draft: string, copy: Copy): Promise<boolean> {
  return set(key(user, draft), copy).then(
    () => true,
    () => false,
  );
}

export async function dropCopy(user: string, draft: string): Promise<void> {
  await del(key(user, draft)).catch(() => undefined);
}
