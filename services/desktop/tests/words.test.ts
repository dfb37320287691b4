import { describe, expect, it } from "vitest";
import { sections } from "../src/mail/words";
import { de } from "../src/words/de";
import { en } from "../src/words/en";

describe("sections", () => {
  it("tells newest words from the quote and its attribution", () => {
    const text = "Yes.\n\nOn Monday, Demo wrote:\n> Is it paid?\n> Bye\n";

    expect(sections(text).map((one) => one.kind)).toEqual(["new", "quoted"]);
    expect(sections(text)[0]?.text).toBe("Yes.\n\n");
  });

  it("takes an answer between quotes as new", () => {
    const kinds = sections("> Is it paid?\nYes.\n> And the other?\nNo.\n").map((one) => one.kind);

    expect(kinds).toEqual(["quoted", "new", "quoted", "new"]);
  });

  it("quotes all below the separator of Outlook", () => {
    const text = "Ja.\n-----Ursprüngliche Nachricht-----\nVon: Demo\nHallo\n";

    expect(sections(text).map((one) => one.kind)).toEqual(["new", "quoted"]);
  });

  it("keeps every character of any text", () => {
    for (const text of ["", "\n", "a", "> a", "a\r\n> b\r\n\r\nc", "wrote:\n>x", "\u202Ea\n> b"]) {
      expect(sections(text).map((one) => one.text).join("")).toBe(text);
    }
  });

  it("does not take a sentence for an attribution", () => {
    expect(sections("She wrote:\nHello\n").map((one) => one.kind)).toEqual(["new"]);
  });
});

describe("words", () => {
  it("has the same texts and parts in both languages", () => {
    const keys = (words: object): string[] =>
      Object.entries(words).flatMap(([name, one]) =>
        typeof one === "object" ? Object.keys(one).map((part) => `${name}.${part}`) : [name],
      );

    expect(keys(de).sort()).toEqual(keys(en).sort());
  });
});
