// The messages that agents are told of, and in which words. Pure.

import type { StateMessage } from "../api/types";

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
