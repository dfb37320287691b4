import { describe, expect, it } from "vitest";
import type { StateMessage } from "../src/api/types";
import { changeOf } from "../src/worklist/changes";

function message(part: Partial<StateMessage>): StateMessage {
  return { id: "1", state: "Accepted", sequence: 4, email_object: { subject: "" }, capabilities: [], ...part };
}

const IDLE = false;

describe("changeOf", () => {
  it.each(["failed", "complaint"] as const)("takes a report of %s for bad news", (report) => {
    const reported = message({ state: "Sent", notificationType: "DeliveryReport", report });

    expect(changeOf(undefined, reported, IDLE)).toBe("bad-report");
  });

  it.each(["delayed", "delivered", "receipt"] as const)("takes a report of %s for news", (report) => {
    const reported = message({ state: "Sent", notificationType: "DeliveryReport", report });

    expect(changeOf(undefined, reported, IDLE)).toBe("report");
  });

  it("tells what was sent from what is in doubt", () => {
    expect(changeOf(undefined, message({ state: "Sent" }), IDLE)).toBe("sent");
    expect(changeOf(undefined, message({ state: "Uncertain" }), IDLE)).toBe("doubt");
  });

  it("tells an offer that ends from a mail that is taken back", () => {
    const revoked = message({ state: "Revoked" });

    expect(changeOf("Invited", revoked, IDLE)).toBe("offer-ended");
    expect(changeOf("Accepted", revoked, IDLE)).toBe("taken-back");
    expect(changeOf(undefined, revoked, IDLE)).toBe("");
  });

  it("announces an offer once", () => {
    expect(changeOf(undefined, message({ state: "Invited" }), IDLE)).toBe("offered");
    expect(changeOf("Invited", message({ state: "Invited" }), IDLE)).toBe("");
  });

  it("leaves a refusal to who is waiting for it", () => {
    const refused = message({ state: "ReplyCreated", notificationType: "Error", reason: "550" });

    expect(changeOf("Sending", refused, IDLE)).toBe("refused");
    expect(changeOf("Sending", refused, true)).toBe("");
    expect(changeOf("Sending", { ...refused, operationName: "Send" }, IDLE)).toBe("");
  });
});
