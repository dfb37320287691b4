// The writers of the drafts that this page knows, one for each.

import { language } from "../words/language.svelte";
import { desk } from "../worklist/desk.svelte";
import type { Item } from "../worklist/fold";
import { dropStaleCopies } from "./copies";
import { endDraft, registerDraft } from "./open_drafts";
import { wordsOf } from "./upload_words";
import { Writer } from "./writer.svelte";

// Writers that a page keeps; the drafts of the others are at the server, all of them.
const MOST_WRITERS = 50;
const writers = new Map<string, Writer>();

// The one writer of a draft; it goes on saving while another mail is shown.
export function writerOf(draft: Item): Writer {
  const known = writers.get(draft.id);
  if (known) return known;
  if (!isPrepared) prepare();
  forgetRested();
  const writer = new Writer(draft);
  writers.set(draft.id, writer);
  registerDraft(draft.id, {
    save: () => saveBeforeGiving(writer),
    end: () => {
      writer.end();
      writers.delete(draft.id);
    },
  });
  return writer;
}

// Forgets the writers that have nothing to do, the oldest first, as one more begins.
function forgetRested(): void {
  for (const [id, one] of writers) {
    if (writers.size < MOST_WRITERS) return;
    if (one.isAtRest && id !== desk.selected) endDraft(id);
  }
}

async function saveBeforeGiving(writer: Writer): Promise<string> {
  // A mail that is no longer a draft of this agent has nothing to save.
  if (desk.work.items.get(writer.id)?.state !== "ReplyCreated") return "";
  const upload = writer.uploads.unfinished;
  if (upload) return wordsOf(upload);
  if (await writer.flush()) return "";
  return writer.problem || (writer.conflict ? language.t.conflict : language.t.tryAgain);
}

let isPrepared = false;

// Forgets copies of drafts that are gone, and stores what is written when the page ends.
function prepare(): void {
  isPrepared = true;
  void dropStaleCopies(desk.user?.id ?? "", new Set(desk.work.items.keys()));
  const storeAll = (): void => writers.forEach((one) => one.storeCopy());
  addEventListener("pagehide", storeAll);
  document.addEventListener("visibilitychange", storeAll);
  addEventListener("beforeunload", (event) => {
    storeAll();
    if ([...writers.values()].some((one) => one.isAtRisk)) event.preventDefault();
  });
}
