import { describe, expect, it } from "vitest";
import { mayAnswerBelow, partsOf } from "../src/mail/parts";
import { de } from "../src/words/de";
import { en } from "../src/words/en";

const TEXT = "Yes.\n\nOn Monday, Demo wrote:\n> Is it paid?\n-- \nAnn";

describe("partsOf", () => {
  it("folds the quote with the line that introduces it", () => {
    const parts = partsOf({
      subject: "",
      Text: TEXT,
      Sections: [
        { kind: "new", start: 0, length: 6 },
        { kind: "attribution", start: 6, length: 23 },
        { kind: "quoted", start: 29, length: 14 },
        { kind: "signature", start: 43, length: 7 },
      ],
    });

    expect(parts).toEqual([
      { kind: "new", text: "Yes.\n\n" },
      { kind: "folded", text: "On Monday, Demo wrote:\n> Is it paid?\n" },
      { kind: "signature", text: "-- \nAnn" },
    ]);
  });

  it.each([
    [undefined],
    [[]],
    [[{ kind: "quoted", start: 3, length: 4 }]],
    [[{ kind: "quoted", start: 0, length: 9999 }]],
    [
      [
        { kind: "new", start: 8, length: 4 },
        { kind: "quoted", start: 2, length: 8 },
      ],
    ],
  ])("keeps every character with sections %j", (Sections) => {
    const mail = { subject: "", Text: TEXT, ...(Sections ? { Sections } : {}) };

    expect(partsOf(mail).map((one) => one.text).join("")).toBe(TEXT);
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

describe("mayAnswerBelow", () => {
  it.each([
    [[{ kind: "folded", text: "Ann wrote: yes" }], true],
    [[{ kind: "new", text: "\n" }, { kind: "folded", text: "all" }, { kind: "signature", text: "Ann" }], true],
    [[{ kind: "new", text: "Yes." }, { kind: "folded", text: "all" }], false],
    [[{ kind: "new", text: "Hello,\nsee my answers below." }, { kind: "folded", text: "all" }], true],
    [[{ kind: "new", text: "Antworten siehe unten" }, { kind: "folded", text: "all" }], true],
    [[{ kind: "new", text: `${"Long words. ".repeat(40)} as below` }, { kind: "folded", text: "all" }], false],
  ] as const)("of %o is %o", (parts, isTrue) => {
    expect(mayAnswerBelow(parts)).toBe(isTrue);
  });
});
