import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { de } from "../src/words/de";
import { en } from "../src/words/en";

const SOURCES = join(import.meta.dirname, "../src");

function programs(): string {
  return readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(?:ts|svelte)$/.test(name) && !/^words[/\\](?:en|de)\.ts$/.test(name))
    .map((name) => readFileSync(join(SOURCES, name), "utf8"))
    .join("\n");
}

it("has no words that the page never shows", () => {
  const text = programs();

  expect(Object.keys(en).filter((name) => !new RegExp(`\\b(?:t|words)\\.${name}\\b`).test(text))).toEqual([]);
});

it("has the same words in every language", () => {
  for (const name of ["outcomes", "reports", "warnings", "recipientStates", "keyNames"] as const) {
    expect(Object.keys(de[name]), name).toEqual(Object.keys(en[name]));
  }
});
