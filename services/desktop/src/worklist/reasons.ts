// Why something failed, in words that say what to do. Pure.

import { ApiError } from "../api/client";
import type { Words } from "../words/en";

export function wordsForError(t: Words, error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.status === 429) return t.tooMany(error.retryAfter);
  if (error.isChanged) return t.outOfDate;
  if (!error.isPassing) return error.message || String(error.status);
  return error.status === 409 ? t.inProgress : t.tryAgain;
}
