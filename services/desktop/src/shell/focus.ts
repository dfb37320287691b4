// Where the focus goes when what had it is gone.

import { tick } from "svelte";

// One query with several selectors would find what stands first on the page. Not the search where
// the list is empty: the next key would be a word there.
const PLACES = ["nav .chosen", "nav [data-id]", "#content"];

// The place for the focus of a mail that is gone: the list, or what says that it is empty.
export function placeInList(page: ParentNode): HTMLElement | null {
  for (const selector of PLACES) {
    const place = page.querySelector<HTMLElement>(selector);
    if (place) return place;
  }
  return null;
}

// Waits for the work of a button that may be gone then, and gives its focus to another element.
export async function keepFocus(work: Promise<unknown>, next: HTMLElement | undefined): Promise<void> {
  const button = document.activeElement;
  await work;
  await tick();
  const isNowhere = document.activeElement === document.body;
  if (isNowhere && button instanceof HTMLButtonElement) next?.focus();
}
