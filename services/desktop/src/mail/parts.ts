// The text of a mail in the parts that the gateway tells apart: new words, and the rest. Pure.

import type { Mail } from "../api/types";

export interface Part {
  kind: "new" | "signature" | "folded";
  text: string;
}

const POINTS_BELOW =
  /\b(?:below|in-?line|underneath|unten|unterhalb|im text|ci-dessous|plus bas|abajo|sotto|hieronder)\b/i;
const SHORT = 300;

// Whether words may stand among what is folded, where no mark tells an answer from the quote above
// it: nothing else has words, or those above are few and point there.
export function mayAnswerBelow(parts: readonly Part[]): boolean {
  const above = parts
    .filter((one) => one.kind === "new")
    .map((one) => one.text.trim())
    .join("\n")
    .trim();
  return above === "" || (above.length <= SHORT && POINTS_BELOW.test(above));
}

const KINDS: Readonly<Record<string, Part["kind"]>> = { new: "new", signature: "signature" };

// Every character is in one part, also of a text whose sections are missing or do not fit.
export function partsOf(mail: Mail): Part[] {
  const text = mail.Text ?? "";
  const found: Part[] = [];
  let at = 0;
  const add = (kind: Part["kind"], end: number): void => {
    const piece = text.slice(at, end);
    const last = found.at(-1);
    if (last?.kind === kind) last.text += piece;
    else if (piece) found.push({ kind, text: piece });
    at = Math.max(at, end);
  };
  for (const one of mail.Sections ?? []) {
    add("new", Math.max(at, one.start));
    add(KINDS[one.kind] ?? "folded", Math.max(at, one.start + one.length));
  }
  add("new", text.length);
  return found;
}
