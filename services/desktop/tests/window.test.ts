import { describe, expect, it } from "vitest";
import { drawnRows } from "../src/worklist/window";

const SIGHT = { top: 0, height: 560, row: 56 };

describe("drawnRows", () => {
  it("are those in sight and some around them", () => {
    const rows = drawnRows(5000, { ...SIGHT, top: -56_000 }, []);

    expect(rows[0]).toBe(988);
    expect(rows.at(-1)).toBe(1021);
  });

  it("keep the chosen and the focused row", () => {
    const rows = drawnRows(5000, SIGHT, [4000, -1, 5000]);

    expect(rows.at(-1)).toBe(4000);
    expect(rows).toHaveLength(23);
  });

  it("are all in sight of a window that shows many", () => {
    const rows = drawnRows(5000, { top: -56_000, height: 200 * 56, row: 56 }, []);

    expect(rows[0]).toBe(988);
    expect(rows.at(-1)).toBe(1211);
  });

  it.each([
    [{ ...SIGHT, top: 5000 }],
    [{ ...SIGHT, top: -1_000_000 }],
    [{ ...SIGHT, height: 0 }],
  ])("are few and of the list for %o", (sight) => {
    const rows = drawnRows(300, sight, []);

    expect(rows.length).toBeLessThanOrEqual(Math.ceil(sight.height / sight.row) + 1 + 2 * 12);
    expect(rows.every((at) => at >= 0 && at < 300)).toBe(true);
  });
});
