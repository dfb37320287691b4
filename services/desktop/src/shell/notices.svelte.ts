// The notices at the edge of the page. Good news goes by itself, a failure stays.

import { ApiError } from "../api/client";
import { language } from "../words/language.svelte";
import { wordsForError } from "../worklist/reasons";

export interface Notice {
  id: number;
  kind: "good" | "bad" | "plain";
  text: string;
}

// Long enough to read two lines.
const LASTS = 8_000;
// More would hide the mail behind them.
const MOST = 4;

class Notices {
  all = $state.raw<Notice[]>([]);
  #next = 1;

  add(kind: Notice["kind"], text: string): void {
    const id = this.#next++;
    this.all = [...this.all.slice(1 - MOST), { id, kind, text }];
    if (kind !== "bad") setTimeout(() => this.dismiss(id), LASTS);
  }

  dismiss(id: number): void {
    this.all = this.all.filter((one) => one.id !== id);
  }

  // Says what was not done, and why. Of a session that has ended the login itself tells.
  complain(what: string, error: unknown): void {
    if (error instanceof ApiError && error.isLogin) return;
    this.add("bad", language.t.failed(language.t.notDone(what), reasonOf(error)));
  }
}

export function reasonOf(error: unknown): string {
  return wordsForError(language.t, error);
}

export const notices = new Notices();
