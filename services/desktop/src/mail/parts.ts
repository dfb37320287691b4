// The text of a mail in the parts that the gateway tells apart: new words, and the rest. Pure.

import type { Mail } from "../api/types";

export interface Part {
  kind: "new" | "signature" | "folded";
  text: string;
}

// Whether nothing but what is folded has words: somebody may have answered below a quote that no
// mark tells from the answer.
export function hasOnlyFolded(parts: readonly Part[]): boolean {
  return !parts.some((one) => one.kind === "new" && one.text.trim() !== "");
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
