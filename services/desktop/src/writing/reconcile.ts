// The words here beside those of the server: joins, conflicts, unanswered saves. Pure.

import type { Interaction } from "../api/types";
import { type Fields, fieldsOf, joined, same, sameWords } from "./fields";

export interface DraftState {
  // The newest version of the server that is known; -1 until its whole text is here.
  readonly version: number;
  // The version that the words here were written on. In a conflict the server has `theirs` instead.
  readonly base: Fields;
  readonly fields: Fields;
  // The server's version that cannot be joined with `fields`: the agent chooses one of both.
  readonly theirs: Fields | null;
  // Sent without an answer yet: the server may have stored it all the same.
  readonly unconfirmed: readonly Fields[];
}

// The part that this browser stores; the server has the rest.
export interface Copy {
  readonly base: Fields;
  readonly fields: Fields;
  // Missing in copies of earlier releases.
  readonly unconfirmed?: readonly Fields[];
}

const MOST_UNCONFIRMED = 8;

// Messages may carry a cut text, or none: words must not be written on those.
export function isWhole(draft: Interaction): boolean {
  return draft.email_object.Text !== undefined && !draft.email_object.truncated;
}

export function stateOf(draft: Interaction): DraftState {
  const base = fieldsOf(draft);
  const version = isWhole(draft) ? draft.sequence : -1;
  return { version, base, fields: base, theirs: null, unconfirmed: [] };
}

export function hasAll(state: DraftState): boolean {
  return state.theirs === null && same(state.fields, state.base);
}

// Joins a newer version of the server: an own save, a file, or what another window wrote.
export function mergeServerVersion(
  state: DraftState,
  version: number,
  theirs: Fields,
): DraftState {
  if (version <= state.version) return state;
  if (state.version < 0) return { ...state, version, base: theirs, fields: theirs };
  // Each save names the version it changes: after a newer one no older save is carried out.
  const known = { ...state, version, theirs: null, unconfirmed: [] };
  if (same(theirs, state.base)) return known;
  if (state.unconfirmed.some((one) => sameWords(one, theirs))) return { ...known, base: theirs };
  const fields = joined(state.base, state.fields, theirs);
  // The base stays: a later version, or the same one after a reload, is compared with it again.
  return fields ? { ...known, base: theirs, fields } : { ...known, theirs };
}

// Notes that the words of now are on their way to the server.
export function sendFields(state: DraftState): DraftState {
  const unconfirmed = [...state.unconfirmed, state.fields].slice(-MOST_UNCONFIRMED);
  return { ...state, unconfirmed };
}

// The server has stored `sent` as this version. A newer one may have come in before the answer.
export function confirmSave(state: DraftState, version: number, sent: Fields): DraftState {
  if (version < state.version) return state;
  return { ...state, version, base: sent, theirs: null, unconfirmed: [] };
}

// Ends a conflict. Both versions go on from what the server has.
export function chooseVersion(state: DraftState, which: "mine" | "theirs"): DraftState {
  if (!state.theirs) return state;
  const fields = which === "mine" ? state.fields : state.theirs;
  return { ...state, base: state.theirs, fields, theirs: null };
}

// Goes on from a stored copy, joined with what the server has by now.
export function restoreCopy(state: DraftState, copy: Copy): DraftState {
  if (state.version < 0 || same(copy.fields, state.base)) return state;
  const unconfirmed = copy.unconfirmed ?? [];
  const before = { ...state, ...withAllFields(copy), unconfirmed, theirs: null, version: state.version - 1 };
  return mergeServerVersion(before, state.version, state.base);
}

// Copies of earlier releases have no HTML and no sender.
function withAllFields({ base, fields }: Copy): Pick<Copy, "base" | "fields"> {
  const none = { html: "", from: "" };
  return { base: { ...none, ...base }, fields: { ...none, ...fields } };
}

export function copyOf({ base, fields, unconfirmed }: DraftState): Copy {
  return { base, fields, unconfirmed };
}

// Whether a mail has the files that its agent saw: those it listed, and those uploaded since.
export function hasSeenFiles(
  now: readonly string[],
  listed: readonly string[],
  uploaded: readonly string[],
): boolean {
  return (
    now.every((id) => listed.includes(id) || uploaded.includes(id)) &&
    listed.every((id) => now.includes(id))
  );
}
