import { describe, expect, it } from "vitest";
import type { StateMessage } from "../src/api/types";
import { fold, foldBin, fromList, grouped, may, NO_WORK } from "../src/worklist/fold";

function message(part: Partial<StateMessage> = {}): StateMessage {
  return {
    id: "1",
    state: "Accepted",
    sequence: 4,
    email_object: { subject: "Invoice", Text: "Hello", FromAddress: "ann@example.org" },
    capabilities: ["Reply", "StopProcessing"],
    direction: "Inbound",
    ...part,
  };
}

const heading = (state: string, sequence: number, part: Partial<StateMessage> = {}): StateMessage => ({
  id: "1",
  state,
  sequence,
  email_object: { subject: "Invoice" },
  capabilities: [],
  ...part,
});

describe("fold", () => {
  it("keeps the newer of two messages in any order", () => {
    const older = message({ state: "Invited", sequence: 3 });

    const inOrder = fold(fold(NO_WORK, older), message());
    const outOfOrder = fold(fold(NO_WORK, message()), older);

    expect(inOrder.items.get("1")?.state).toBe("Accepted");
    expect(outOfOrder.items.get("1")?.state).toBe("Accepted");
  });

  it("gives the same work when a message comes twice", () => {
    const once = fold(NO_WORK, message());

    expect(fold(once, message()).items).toEqual(once.items);
  });

  it("takes away what is no longer held and does not bring it back by a late message", () => {
    const held = fold(NO_WORK, message());

    const ended = fold(held, heading("Completed", 5));

    expect(ended.items.size).toBe(0);
    expect(ended.ended.get("1")).toMatchObject({ state: "Completed", subject: "Invoice" });
    expect(fold(ended, message())).toBe(ended);
  });

  it("shows again what comes back with a higher sequence", () => {
    const ended = fold(fold(NO_WORK, message()), heading("Transferred", 5));

    const back = fold(ended, message({ state: "Invited", sequence: 6 }));

    expect(back.items.get("1")?.state).toBe("Invited");
    expect(back.ended.size).toBe(0);
  });

  it("keeps the words where a message has a heading only", () => {
    const draft = fold(NO_WORK, message({ state: "ReplyCreated" }));

    const sending = fold(draft, heading("Sending", 5, { reason: "451 come back later" }));

    expect(sending.items.get("1")?.email_object.Text).toBe("Hello");
    expect(sending.items.get("1")?.trouble).toBe("451 come back later");
  });

  it("keeps a reason until the mail goes on", () => {
    const refused = fold(
      NO_WORK,
      message({ state: "ReplyCreated", notificationType: "Error", reason: "550 no such user" }),
    );

    const saved = fold(refused, message({ state: "ReplyCreated", sequence: 5 }));
    const sending = fold(saved, heading("Sending", 6));

    expect(saved.items.get("1")?.trouble).toBe("550 no such user");
    expect(sending.items.get("1")?.trouble).toBe("");
  });

  it("ignores a refusal about what it never had", () => {
    expect(fold(NO_WORK, heading("NotHeld", 9, { notificationType: "Error" }))).toBe(NO_WORK);
  });

  it("takes away with whole words what they no longer have", () => {
    const before = message({
      state: "ReplyCreated",
      email_object: { subject: "Invoice", Text: "Hello", BCCAddresses: "bo@example.org", TheComment: "ask Bo" },
    });

    const after = fold(fold(NO_WORK, before), {
      ...before,
      sequence: 5,
      email_object: { subject: "Invoice", Text: "Hello" },
    });

    expect(after.items.get("1")?.email_object).toEqual({ subject: "Invoice", Text: "Hello" });
  });

  it("keeps the whole of a long text when its beginning comes again", () => {
    const whole = fold(NO_WORK, message({ email_object: { subject: "", Text: "Hello, all of it" } }));

    const cut = message({ email_object: { subject: "", Text: "Hello", truncated: true } });

    expect(fold(whole, cut).items.get("1")?.email_object.Text).toBe("Hello, all of it");
    expect(fold(whole, { ...cut, sequence: 5 }).items.get("1")?.email_object.truncated).toBe(true);
  });

  it("marks what was sent by the worst that reports say", () => {
    const reported = (sequence: number, report: StateMessage["report"]): StateMessage =>
      heading("Sent", sequence, {
        notificationType: "DeliveryReport",
        report,
        reason: `about ${report}`,
      });
    const sent = fold(fold(NO_WORK, message({ state: "Sending" })), heading("Sent", 5));

    const bounced = fold(fold(sent, reported(6, "delayed")), reported(7, "failed"));
    const after = fold(bounced, reported(8, "delivered"));

    expect(sent.ended.get("1")?.report).toBe("");
    expect(after.ended.get("1")).toMatchObject({ report: "failed", reason: "about failed", sequence: 8 });
  });

  it("notes an outcome of a mail that was sent before the page was opened", () => {
    expect(fold(NO_WORK, heading("Uncertain", 9)).ended.get("1")?.state).toBe("Uncertain");
  });
});

describe("fromList", () => {
  it("forgets what the server no longer lists and keeps what ended", () => {
    const before = fold(fold(NO_WORK, message()), message({ id: "2" }));
    const ended = fold(before, heading("Completed", 5));

    const after = fromList([message({ id: "3" })], ended);

    expect([...after.items.keys()]).toEqual(["3"]);
    expect([...after.ended.keys()]).toEqual(["1"]);
  });
});

describe("grouped", () => {
  it("puts the offer that runs out first on top and the oldest mail first", () => {
    const work = fromList([
      message({ id: "a", state: "Invited", inviteExpiresAt: "2026-01-01T10:00:30.000Z" }),
      message({ id: "b", state: "Invited", inviteExpiresAt: "2026-01-01T10:00:10.000Z" }),
      message({ id: "c", receivedAt: "2026-01-02T00:00:00.000Z" }),
      message({ id: "d", receivedAt: "2026-01-01T00:00:00.000Z" }),
      message({ id: "e", state: "Sending" }),
    ]);

    const { offered, mine, sending } = grouped(work);

    expect(offered.map((one) => one.id)).toEqual(["b", "a"]);
    expect(mine.map((one) => one.id)).toEqual(["d", "c"]);
    expect(sending.map((one) => one.id)).toEqual(["e"]);
  });
});

describe("may", () => {
  it("finds Complete by the name of its capability", () => {
    expect(may(message(), "Complete")).toBe(true);
    expect(may(message(), "Forward")).toBe(false);
    expect(may(message({ extendedCapabilities: ["Forward"] }), "Forward")).toBe(true);
  });
});

describe("foldBin", () => {
  it("adds and removes by sequence", () => {
    const item = message({ sequence: 5 });
    const added = foldBin(new Map(), { id: "bin", action: "ItemAdded", interaction: item });

    const late = foldBin(added, {
      id: "bin",
      action: "ItemRemoved",
      interaction: message({ sequence: 4 }),
    });
    const removed = foldBin(added, {
      id: "bin",
      action: "ItemRemoved",
      interaction: message({ sequence: 6 }),
    });

    expect(late.get("bin")?.size).toBe(1);
    expect(removed.get("bin")?.size).toBe(0);
  });
});
