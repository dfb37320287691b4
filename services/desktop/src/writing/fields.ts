// The fields that an agent writes in a draft, and how two versions of them are joined. Pure.

import type { Interaction } from "../api/types";
import { merged } from "./merge";
import { listed } from "./recipients";

export interface Fields {
  from: string;
  to: string[];
  cc: string[];
  bcc: string[];
  subject: string;
  text: string;
  // The same words with their format; empty where they have none.
  html: string;
}

export function fieldsOf(draft: Interaction): Fields {
  const mail = draft.email_object;
  return {
    from: mail.FromAddress ?? "",
    to: listed(mail.ToAddress),
    cc: listed(mail.CCAddresses),
    bcc: listed(mail.BCCAddresses),
    subject: mail.subject,
    text: mail.Text ?? "",
    html: mail.StructuredText ?? "",
  };
}

export function same(one: Fields, other: Fields): boolean {
  return one.html === other.html && sameWords(one, other);
}

// Whether both say the same. The server may store HTML in other words than those it was sent.
export function sameWords(one: Fields, other: Fields): boolean {
  const areAlike = (one.html === "") === (other.html === "");
  return areAlike && JSON.stringify(ordered(one)) === JSON.stringify(ordered(other));
}

function ordered({ from, to, cc, bcc, subject, text }: Fields): unknown[] {
  return [from, to, cc, bcc, subject, text];
}

// The `email_object` that turns `before` into `after`; fields that are the same are left out.
export function edits(before: Fields, after: Fields): Record<string, unknown> {
  const all: Record<string, [unknown, unknown]> = {
    fromAddress: [before.from, after.from],
    toAddress: [before.to, after.to],
    ccAddress: [before.cc, after.cc],
    bccAddress: [before.bcc, after.bcc],
    subject: [before.subject, after.subject],
  };
  const changed = Object.entries(all)
    .filter(([, [old, now]]) => JSON.stringify(old) !== JSON.stringify(now))
    .map(([name, [, now]]) => [name, now] as const);
  // Text without HTML would take the HTML away, and HTML alone would leave other words beside it.
  const isWritten = before.text !== after.text || before.html !== after.html;
  const words = isWritten ? { text: after.text, structuredText: after.html } : {};
  return { ...Object.fromEntries(changed), ...words };
}

// Both versions joined; null where they changed the same place.
export function joined(base: Fields, mine: Fields, theirs: Fields): Fields | null {
  const text = merged(base.text, mine.text, theirs.text);
  if (text === null) return null;
  const pick = <Name extends keyof Fields>(name: Name): Fields[Name] | null => {
    const [old, ours, other] = [base, mine, theirs].map((one) => JSON.stringify(one[name]));
    if (other === old || ours === other) return mine[name];
    return ours === old ? theirs[name] : null;
  };
  const [to, cc, bcc] = [pick("to"), pick("cc"), pick("bcc")];
  const [from, subject] = [pick("from"), pick("subject")];
  const html = pick("html");
  if (!to || !cc || !bcc || from === null || subject === null || html === null) return null;
  // Formatted words are one piece: they cannot be joined by the paragraphs of their plain text.
  if (html !== "" && text !== mine.text && text !== theirs.text) return null;
  return { from, to, cc, bcc, subject, text, html };
}
