// The mails of an agent, folded from a list and the messages after it. Pure.

import type { Interaction, Mail, StateMessage, WorkbinChange } from "../api/types";
import { isBadReport } from "./changes";
import { keepNewest } from "./newest";

export interface Item extends Interaction {
  // Why the last delivery or operation failed; empty where nothing is wrong.
  trouble: string;
}

export interface Ended {
  id: string;
  sequence: number;
  state: string;
  subject: string;
  reason: string;
  direction: string;
  parentId: string;
  // The kind of the worst report about a mail that was sent; empty where there is none.
  report: string;
}

export interface Work {
  items: ReadonlyMap<string, Item>;
  // Mails that were held and are no longer; late messages about them change nothing.
  ended: ReadonlyMap<string, Ended>;
}

export const NO_WORK: Work = { items: new Map(), ended: new Map() };

// States in which the agent no longer holds an interaction.
const ENDED = new Set([
  "Canceled",
  "Completed",
  "NotHeld",
  "PlacedInQueue",
  "PlacedInWorkbin",
  "Queued",
  "InWorkbin",
  "Rejected",
  "Revoked",
  "Sent",
  "Transferred",
  "Uncertain",
  "Unknown",
]);
const MOST_ENDED = 500;

// Work as a list of the server has it; what has ended since the page was opened is kept.
export function fromList(list: readonly StateMessage[], before: Work = NO_WORK): Work {
  const items = new Map(list.map((one) => [one.id, { ...one, trouble: one.reason ?? "" }]));
  const ended = new Map([...before.ended].filter(([id]) => !items.has(id)));
  return { items, ended };
}

export function fold(work: Work, message: StateMessage): Work {
  const known = work.items.get(message.id);
  const gone = work.ended.get(message.id);
  if (gone && message.sequence <= gone.sequence) return work;
  if (known && message.sequence < known.sequence) return work;
  // A refusal about something that this agent never had needs no place in the list.
  if (isEnded(message)) return known || isOutcome(message) ? end(work, message) : work;
  return keep(work, message, known);
}

function isEnded(message: StateMessage): boolean {
  return ENDED.has(message.state);
}

function isOutcome(message: StateMessage): boolean {
  return message.state === "Sent" || message.state === "Uncertain";
}

function end(work: Work, message: StateMessage): Work {
  const known = work.items.get(message.id);
  const before = work.ended.get(message.id);
  // Good news after bad news is about another recipient.
  const stays = message.notificationType === "DeliveryReport" && isBadReport(before?.report);
  const items = new Map(work.items);
  items.delete(message.id);
  const ended = new Map(work.ended);
  ended.delete(message.id);
  ended.set(message.id, {
    id: message.id,
    sequence: message.sequence,
    state: message.state,
    subject: message.email_object.subject,
    reason: (stays ? before?.reason : message.reason) ?? "",
    report: (stays ? before?.report : message.report) ?? "",
    direction: known?.direction ?? message.direction ?? (isOutcome(message) ? "Outbound" : ""),
    parentId: known?.parentInteractionId ?? "",
  });
  keepNewest(ended, MOST_ENDED);
  return { items, ended };
}

function keep(work: Work, message: StateMessage, known: Item | undefined): Work {
  const items = new Map(work.items);
  const { reason, ...fields } = message;
  const email_object = mailAfter(message, known);
  items.set(message.id, { ...known, ...fields, email_object, trouble: troubleAfter(message, known) });
  const ended = new Map(work.ended);
  ended.delete(message.id);
  return { items, ended };
}

// A message with words has all of the mail, and what it leaves out is no longer there. One with a
// heading only takes nothing away, nor does the beginning of words that are here as a whole.
function mailAfter(message: StateMessage, known: Item | undefined): Mail {
  const [mail, before] = [message.email_object, known?.email_object];
  if (mail.Text === undefined) return { ...before, ...mail };
  const isKnown = before?.Text !== undefined && !before.truncated;
  const isSame = message.sequence === known?.sequence;
  return mail.truncated && isKnown && isSame ? before : mail;
}

// A reason stays until the mail goes on to another state.
function troubleAfter(message: StateMessage, known: Item | undefined): string {
  if (message.state === "Sending" || isError(message)) return message.reason ?? "";
  return message.state === known?.state ? known.trouble : "";
}

function isError(message: StateMessage): boolean {
  return message.notificationType === "Error";
}

export type Bins = ReadonlyMap<string, ReadonlyMap<string, Interaction>>;

export function foldBin(bins: Bins, change: WorkbinChange): Bins {
  const next = new Map(bins);
  const content = new Map(next.get(change.id));
  const known = content.get(change.interaction.id);
  if (known && change.interaction.sequence < known.sequence) return bins;
  if (change.action === "ItemAdded") content.set(change.interaction.id, change.interaction);
  else content.delete(change.interaction.id);
  next.set(change.id, content);
  return next;
}

export interface Groups {
  offered: Item[];
  mine: Item[];
  drafts: Item[];
  sending: Item[];
}

// The lists of the desktop: offers by what is left of their time, the rest oldest first.
export function grouped(work: Work): Groups {
  const all = [...work.items.values()];
  return {
    offered: all
      .filter((one) => one.state === "Invited")
      .sort((a, b) => inOrder(a.inviteExpiresAt, b.inviteExpiresAt)),
    mine: oldestFirst(all.filter((one) => one.state === "Accepted")),
    drafts: oldestFirst(all.filter((one) => one.state === "ReplyCreated")),
    sending: oldestFirst(all.filter((one) => one.state === "Sending")),
  };
}

function oldestFirst(items: Item[]): Item[] {
  return items.sort((a, b) => inOrder(a.receivedAt, b.receivedAt) || inOrder(a.id, b.id));
}

// Moments and ids have one spelling: the rules of a language would take a hundred times as long.
function inOrder(one = "", other = ""): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

// Capabilities have the names of the operations, but for this one.
const CAPABILITIES: Readonly<Record<string, string>> = { Complete: "StopProcessing" };

export function may(item: Interaction, operation: string): boolean {
  const name = CAPABILITIES[operation] ?? operation;
  return item.capabilities.includes(name) || (item.extendedCapabilities?.includes(name) ?? false);
}
