import { describe, expect, it } from "vitest";
import { added, countPeople, isAddress, listed, parse } from "../src/writing/recipients";

describe("parse", () => {
  it.each([
    ["ann@example.org", ["ann@example.org"], ""],
    ["ann@example.org, bo@example.org;c@example.org", 3, ""],
    ["Ann Berg <ann@example.org>, bo@example.org", ["ann@example.org", "bo@example.org"], ""],
    ['"Berg, Ann" <ann@example.org>', ["ann@example.org"], ""],
    ["ann@example.org bo@example.org\nc@example.org", 3, ""],
    ["Ann@Example.org, ann@example.org", ["ann@example.org"], ""],
    ["Ann", [], "Ann"],
    ["ann@example.org, Bo", ["ann@example.org"], "Bo"],
    ["jürgen@münchen.example", ["jürgen@münchen.example"], ""],
    ["", [], ""],
    [" ,;\n", [], ""],
    ["a@b@c", [], "a@b@c"],
  ])("reads %j", (text, addresses, rest) => {
    const found = parse(text);

    if (typeof addresses === "number") expect(found.addresses).toHaveLength(addresses);
    else expect(found.addresses).toEqual(addresses);
    expect(found.rest).toBe(rest);
  });

  it("reads 100,000 characters of anything at once", () => {
    const began = performance.now();

    for (const one of ["<", '"', "a ", "@,", '"<', "a@b <"]) parse(one.repeat(100_000 / one.length));

    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe("isAddress", () => {
  it.each(["a", "a@", "@b", "a b@c", "a@b,c", "<a@b>", `${"a".repeat(65)}@b`])("refuses %j", (text) => {
    expect(isAddress(text)).toBe(false);
  });
});

describe("countPeople", () => {
  it("counts each person once and those outside", () => {
    const all = ["ann@example.org", "Ann@example.org", "me@demo.example", "x@sub.demo.example"];

    expect(countPeople(all, new Set(["demo.example"]))).toEqual({ all: 3, outside: 2 });
  });
});

describe("added", () => {
  it("keeps the order and takes nobody twice", () => {
    expect(added(["a@x"], ["A@X", "b@x"])).toEqual(["a@x", "b@x"]);
  });
});

describe("listed", () => {
  it("reads what messages carry", () => {
    expect(listed("a@x,b@x")).toEqual(["a@x", "b@x"]);
    expect(listed("")).toEqual([]);
    expect(listed(undefined)).toEqual([]);
  });
});
