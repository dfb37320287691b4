// Asks the server for what has some words: it knows more words than the page has loaded.

import { desk } from "./desk.svelte";
import { type Find, type Finds, findsOf, NO_FINDS, unknownFinds } from "./finds";

// Nobody waits for a search at every key.
const PAUSE = 250;
// One letter is in everything.
const SHORTEST = 2;

export class WordSearch {
  finds = $state.raw<Finds>(NO_FINDS);
  isAsking = $state(false);

  // Asks after a pause; the function that it returns ends the asking.
  ask(words: string): () => void {
    this.finds = NO_FINDS;
    this.isAsking = words.length >= SHORTEST;
    if (!this.isAsking) return () => {};
    const ended = new AbortController();
    const timer = setTimeout(() => void this.#look(words, ended.signal), PAUSE);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }

  // Without an answer the page shows what it finds by itself.
  async #look(words: string, signal: AbortSignal): Promise<void> {
    const path = `/me/interactions/search?q=${encodeURIComponent(words)}`;
    const found = await desk.api
      .get<{ interactions: Find[] }>(path, { signal, patience: 0 })
      .then((answer) => findsOf(answer.interactions))
      .catch(() => NO_FINDS);
    if (signal.aborted) return;
    this.finds = found;
    this.isAsking = false;
    for (const id of unknownFinds(found, desk.work.items)) await desk.refresh(id).catch(() => {});
  }
}
