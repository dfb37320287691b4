import { describe, expect, it } from "vitest";
import { edits, type Fields, joined } from "../src/writing/fields";
import { merged, moved } from "../src/writing/merge";

const BASE = "Dear Ann,\n\nit is paid.\n\nRegards\nDemo\n";

describe("merged", () => {
  it("takes the side that changed", () => {
    expect(merged(BASE, BASE, "other")).toBe("other");
    expect(merged(BASE, "mine", BASE)).toBe("mine");
    expect(merged(BASE, "same", "same")).toBe("same");
  });

  it("joins changes of different paragraphs", () => {
    const mine = BASE.replace("Dear Ann", "Dear Ms Berg");
    const theirs = BASE.replace("Regards", "Kind regards");

    expect(merged(BASE, mine, theirs)).toBe(
      "Dear Ms Berg,\n\nit is paid.\n\nKind regards\nDemo\n",
    );
    expect(merged(BASE, theirs, mine)).toBe(merged(BASE, mine, theirs));
  });

  it("joins a new paragraph with a change elsewhere", () => {
    const mine = BASE.replace("it is paid.\n\n", "it is paid.\n\nCall me.\n\n");
    const theirs = BASE.replace("Dear Ann", "Hello");

    expect(merged(BASE, mine, theirs)).toContain("Call me.");
    expect(merged(BASE, mine, theirs)).toContain("Hello");
  });

  it("gives up where both changed one paragraph", () => {
    expect(merged(BASE, BASE.replace("paid", "late"), BASE.replace("paid", "lost"))).toBeNull();
    expect(merged("", "mine", "theirs")).toBeNull();
  });
});

describe("joined", () => {
  const base: Fields = { from: "us@x", to: ["a@x"], cc: [], bcc: [], subject: "Re", text: BASE, html: "" };

  it("joins fields that one side changed", () => {
    const mine = { ...base, to: ["a@x", "b@x"] };
    const theirs = { ...base, subject: "Re: Invoice" };

    expect(joined(base, mine, theirs)).toEqual({ ...mine, subject: "Re: Invoice" });
  });

  it("gives up where one side formatted what the other changed", () => {
    const mine = { ...base, text: `${BASE}!`, html: "<div><p>mine</p></div>" };
    const theirs = { ...base, text: BASE.replace("Dear", "Hello") };

    expect(joined(base, mine, theirs)).toBeNull();
    expect(joined(base, mine, { ...base, subject: "Re: 2" })).toEqual({ ...mine, subject: "Re: 2" });
  });

  it("gives up where both changed the recipients", () => {
    expect(joined(base, { ...base, to: ["b@x"] }, { ...base, to: ["c@x"] })).toBeNull();
  });
});

describe("edits", () => {
  it("names what changed only", () => {
    const base: Fields = { from: "us@x", to: [], cc: [], bcc: [], subject: "", text: "", html: "" };

    expect(edits(base, { ...base, text: "Hello", cc: ["a@x"] })).toEqual({
      ccAddress: ["a@x"],
      text: "Hello",
      structuredText: "",
    });
    expect(edits(base, { ...base, subject: "Re" })).toEqual({ subject: "Re" });
  });
});

describe("moved", () => {
  it("keeps the caret in the words where it was", () => {
    expect(moved("ab|cd", "ab|cdef", 2)).toBe(2);
    expect(moved("cd", "abcd", 1)).toBe(3);
    expect(moved("abcd", "ad", 3)).toBe(1);
    expect(moved("abc", "xyz", 1)).toBe(1);
  });
});
