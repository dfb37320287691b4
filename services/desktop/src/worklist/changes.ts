// The messages that agents are told of, and in which words. Pure.

import type { StateMessage } from "../api/types";
import type { Words } from "../words/en";
import { senderOf, wordsForReport } from "./naming";

export type Change =
  | ""
  | "offered"
  | "offer-ended"
  | "taken-back"
  | "sent"
  | "doubt"
  | "refused"
  | "report"
  | "bad-report";

// `before` is the state in which the mail was, if it was here. `isBusy` says that the page waits
// for the outcome of an operation on it, and shows a failure itself.
export function changeOf(before: string | undefined, message: StateMessage, isBusy: boolean): Change {
  // A report has the state of the mail that it is about: that one is still sent.
  if (message.notificationType === "DeliveryReport") {
    return isBadReport(message.report) ? "bad-report" : "report";
  }
  switch (message.state) {
    case "Invited":
      return before === "Invited" ? "" : "offered";
    case "Revoked":
      if (before === undefined) return "";
      return before === "Invited" ? "offer-ended" : "taken-back";
    case "Sent":
      return "sent";
    case "Uncertain":
      return "doubt";
    default:
      return isRefusedDelivery(message) && !isBusy ? "refused" : "";
  }
}

export interface Announcement {
  // `offer` is said at once, aloud too; the others are notices.
  kind: "offer" | "plain" | "good" | "bad";
  words: string;
}

// The words in which an agent is told of a change; null where there is nothing to tell.
export function announcementOf(
  t: Words,
  change: Change,
  message: StateMessage,
): Announcement | null {
  const subject = message.email_object.subject || t.noSubject;
  switch (change) {
    case "":
      return null;
    case "offered":
      return { kind: "offer", words: t.offerOf(subject, senderOf(message)) };
    case "offer-ended":
      return { kind: "plain", words: t.offerRevoked(subject) };
    case "taken-back":
      return { kind: "plain", words: t.gone(subject, t.outcomes[message.state] ?? message.state) };
    case "sent":
      return { kind: "good", words: t.sent(subject) };
    case "doubt":
      return { kind: "bad", words: t.doubt(subject) };
    case "refused":
      return { kind: "bad", words: `${subject}: ${t.refusedBecause(message.reason ?? "")}` };
    case "report":
      return { kind: "plain", words: wordsForReport(t, subject, message) };
    case "bad-report":
      return { kind: "bad", words: wordsForReport(t, subject, message) };
  }
}

export function isBadReport(report: string | undefined): boolean {
  return report === "failed" || report === "complaint";
}

// The mail server has refused a mail for good: it is a draft again.
function isRefusedDelivery(message: StateMessage): boolean {
  return (
    message.state === "ReplyCreated" &&
    message.notificationType === "Error" &&
    message.operationName === undefined &&
    Boolean(message.reason)
  );
}
