import { expect, it } from "vitest";
import { keepNewest, putNewest } from "../src/worklist/newest";

it("forgets what was put first and keeps what was put again", () => {
  const map = new Map<string, number>();
  for (const name of ["a", "b", "c"]) putNewest(map, name, 1, 3);

  putNewest(map, "a", 2, 3);
  putNewest(map, "d", 1, 3);

  expect([...map]).toEqual([["c", 1], ["a", 2], ["d", 1]]);
});

it("forgets as many as are too many", () => {
  const map = new Map([["a", 1], ["b", 2], ["c", 3]]);

  keepNewest(map, 1);

  expect([...map.keys()]).toEqual(["c"]);
});
