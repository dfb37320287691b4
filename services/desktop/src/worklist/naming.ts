// The names of people and operations. Pure.

import type { Interaction, StateMessage, User } from "../api/types";
import type { Words } from "../words/en";

export function senderOf(item: Interaction): string {
  const personal = item.userData?.["FromPersonal"];
  const address = item.email_object.FromAddress || item.userData?.["FromAddress"];
  return String(personal || address || "");
}

export function nameOfUser(user: User): string {
  return `${user.firstName} ${user.lastName}`.trim() || user.userName;
}

export function nameOfOperation(t: Words, operation: string): string {
  const names: Record<string, string> = {
    Accept: t.accept,
    Reject: t.reject,
    ExtendInvitation: t.moreTime,
    Reply: t.reply,
    ReplyAll: t.replyAll,
    Forward: t.forward,
    Complete: t.complete,
    Transfer: t.transfer,
    PlaceInQueue: t.toQueue,
    PlaceInWorkbin: t.workbin,
    Send: t.send,
    Cancel: t.discard,
    AddComment: t.notes,
    SetDisposition: t.disposition,
    UpdateUserData: t.userData,
    DeleteUserData: t.userData,
  };
  return names[operation] ?? operation;
}

export function wordsForReport(t: Words, subject: string, message: StateMessage): string {
  const kind = message.report ?? "";
  const words = t.reported(subject, t.reports[kind] ?? kind, message.reason ?? "");
  const isProven = message.delivery?.recipients.every((one) => one.proven !== false) ?? true;
  return isProven ? words : `${words} ${t.unproven}`;
}
