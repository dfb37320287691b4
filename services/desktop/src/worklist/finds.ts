// Mails that the server finds by words, beside those that are here. Pure.

import type { Interaction } from "../api/types";

export interface Find extends Interaction {
  // The workbin that it lies in; none for what the agent works on.
  workbinId?: string;
}

export type Finds = ReadonlyMap<string, Find>;

export const NO_FINDS: Finds = new Map();

export function findsOf(found: readonly Find[]): Finds {
  return new Map(found.map((one) => [one.id, one]));
}

// What is shown of a workbin: of what is in it, that which fits; and what only the server knows to be
// in it.
export function keptFinds(
  bin: string,
  content: ReadonlyMap<string, Interaction>,
  fits: (item: Interaction) => boolean,
  finds: Finds,
): Interaction[] {
  const here = [...content.values()].filter(fits);
  const further = [...finds.values()].filter((one) => one.workbinId === bin && !content.has(one.id));
  return [...here, ...further];
}

// Mails that the agent works on and the page does not have.
export function unknownFinds(finds: Finds, known: ReadonlyMap<string, unknown>): string[] {
  return [...finds.values()].filter((one) => !one.workbinId && !known.has(one.id)).map((one) => one.id);
}
