// Where the focus goes in the list when the mail that had it is gone. Pure.

// One query with several selectors would find what stands first on the page, which is the search.
const PLACES = ["nav .chosen", "nav [data-id]", "nav #search"];

export function placeInList(page: ParentNode): HTMLElement | null {
  for (const selector of PLACES) {
    const place = page.querySelector<HTMLElement>(selector);
    if (place) return place;
  }
  return null;
}
