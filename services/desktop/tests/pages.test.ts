import { describe, expect, it } from "vitest";
import { type Page, readAllPages } from "../src/worklist/pages";

const MOST = 3;

// A list of ids that is read by pages; `between` changes it before each further page.
function listOf(ids: string[], between: (ids: string[], asked: number) => void = () => {}) {
  const asked: number[] = [];
  const readPage = async (offset: number): Promise<Page<{ id: string }>> => {
    if (asked.length > 0) between(ids, asked.length);
    asked.push(offset);
    return {
      interactions: ids.slice(offset, offset + MOST).map((id) => ({ id })),
      position: asked.length,
      totalCount: ids.length,
    };
  };
  return { readPage, asked };
}

const named = (found: { id: string }[]) => found.map((one) => one.id).join("");

describe("readAllPages", () => {
  it.each(["", "ab", "abc", "abcd", "abcdefgh"])("reads all of %o once", async (ids) => {
    const { readPage } = listOf([...ids]);

    const { interactions, position } = await readAllPages(readPage);

    expect(named(interactions)).toBe(ids);
    expect(position).toBe(1);
  });

  it.each([
    ["one left", (ids: string[]) => ids.splice(0, 1), "bcdefg"],
    ["one left and one came", (ids: string[]) => ids.splice(0, 1) && ids.push("h"), "bcdefgh"],
    ["one came in front", (ids: string[]) => ids.unshift("z"), "zabcdefg"],
    ["the rest left", (ids: string[]) => ids.splice(2), "ab"],
  ])("begins anew where %s between two pages", async (_what, change, expected) => {
    const { readPage, asked } = listOf([..."abcdefg"], (ids, count) => {
      if (count === 1) change(ids);
    });

    const { interactions, position } = await readAllPages(readPage);

    expect(named(interactions)).toBe(expected);
    // As of the first page of the try that succeeded: what changed since comes as messages.
    expect(asked[position - 1]).toBe(0);
    expect(position).toBeGreaterThan(1);
  });

  it("joins what three tries found where the list never rests", async () => {
    const { readPage, asked } = listOf([..."abcdefghijkl"], (ids) => void ids.shift());

    const { interactions, position } = await readAllPages(readPage);

    expect(new Set(named(interactions))).toEqual(new Set("abcdefghijkl"));
    expect(position).toBe(1);
    expect(asked.filter((offset) => offset === 0)).toHaveLength(3);
  });
});
