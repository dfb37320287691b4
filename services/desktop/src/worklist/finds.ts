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

// The mails of a workbin to show: those in it that fit, and those that only the server has found.
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
