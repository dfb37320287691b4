import { expect, test } from "vitest";
import { DEFAULTS, readChosen } from "../src/shell/chosen";

test.each([null, undefined, [], "dark", 7, {}])("%o stored is as at first", (stored) => {
  expect(readChosen(stored)).toEqual(DEFAULTS);
});

test("what fits is taken, the rest is as at first", () => {
  const stored = {
    theme: "dark",
    language: 7,
    volume: 9,
    sound: false,
    keys: { reply: "ö", forward: "", complete: "two", next: 5, help: " ", list: "\u0007" },
    unknown: true,
  };

  expect(readChosen(stored)).toEqual({
    ...DEFAULTS,
    theme: "dark",
    sound: false,
    keys: { reply: "ö", forward: "" },
  });
});
