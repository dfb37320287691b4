import { describe, expect, it } from "vitest";
import { actionOf, keyOf, withKey } from "../src/shell/keys";

const TEXT_FIELD = { tagName: "TEXTAREA" };
const PAGE = { tagName: "BODY" };
const LINUX = { hasSingleKeys: true, isMac: false };
const MAC = { hasSingleKeys: true, isMac: true };

function pressed(part: object): KeyboardEvent {
  return { key: "", code: "", target: PAGE, ...part } as unknown as KeyboardEvent;
}

describe("actionOf", () => {
  it.each([
    [{ key: "r" }, "reply"],
    [{ key: "R", shiftKey: true }, "replyAll"],
    [{ key: "?", shiftKey: true }, "help"],
    [{ key: "/", shiftKey: true }, "search"],
    [{ key: "r", ctrlKey: true }, ""],
    [{ key: "r", target: TEXT_FIELD }, ""],
    [{ key: "a", isComposing: true }, ""],
  ])("reads %o as %s", (event, action) => {
    expect(actionOf(pressed(event), LINUX)).toBe(action);
  });

  it("takes Shift and not Caps Lock for a capital", () => {
    expect(actionOf(pressed({ key: "R", shiftKey: false }), LINUX)).toBe("reply");
    expect(actionOf(pressed({ key: "r", shiftKey: true }), LINUX)).toBe("replyAll");
  });

  it("does once what a key that is held down asks for, but goes on through the list", () => {
    expect(actionOf(pressed({ key: "r", repeat: true }), LINUX)).toBe("");
    expect(actionOf(pressed({ key: "a", code: "KeyA", altKey: true, repeat: true }), LINUX)).toBe("");
    expect(actionOf(pressed({ key: "j", repeat: true }), LINUX)).toBe("next");
  });

  it("leaves letters that Option writes on a Mac to the text", () => {
    const option = { key: "å", code: "KeyA", altKey: true };

    expect(actionOf(pressed({ ...option, target: TEXT_FIELD }), MAC)).toBe("");
    expect(actionOf(pressed(option), MAC)).toBe("accept");
    expect(actionOf(pressed({ code: "KeyM", altKey: true }), LINUX)).toBe("moreTime");
    expect(actionOf(pressed({ ...option, target: TEXT_FIELD }), LINUX)).toBe("accept");
  });

  it("has no single keys where they are switched off", () => {
    const switchedOff = { ...LINUX, hasSingleKeys: false };

    expect(actionOf(pressed({ key: "r" }), switchedOff)).toBe("");
    expect(actionOf(pressed({ key: "a", code: "KeyA", altKey: true }), switchedOff)).toBe("accept");
  });
});

describe("own keys", () => {
  it("work in place of those at first", () => {
    const own = { reply: "ö", complete: "" };

    expect(actionOf(pressed({ key: "ö" }), { ...LINUX, own })).toBe("reply");
    expect(actionOf(pressed({ key: "r" }), { ...LINUX, own })).toBe("");
    expect(actionOf(pressed({ key: "e" }), { ...LINUX, own })).toBe("");
    expect(actionOf(pressed({ code: "KeyA", altKey: true }), { ...LINUX, own })).toBe("accept");
  });

  it("are taken from the action that had them", () => {
    const own = withKey({ reply: "ö" }, "forward", "e");

    expect(own).toEqual({ reply: "ö", forward: "e", complete: "" });
    expect(keyOf("complete", own)).toBe("");
    expect(keyOf("forward", withKey(own, "complete", "e"))).toBe("");
  });

  it("can be switched off for several actions", () => {
    expect(withKey(withKey({}, "reply", ""), "forward", "")).toEqual({ reply: "", forward: "" });
  });
});
