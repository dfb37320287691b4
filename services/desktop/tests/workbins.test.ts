import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { type Api, ApiError } from "../src/api/client";
import type { Interaction, Workbin, WorkbinChange } from "../src/api/types";
import { Workbins } from "../src/worklist/workbins.svelte";

const BINS = [{ id: "own" }, { id: "team" }] as Workbin[];

function mail(id: string, sequence = 1): Interaction {
  return { id, sequence } as Interaction;
}

function change(action: WorkbinChange["action"], id: string, sequence = 2): WorkbinChange {
  return { id: "own", action, interaction: mail(id, sequence) } as WorkbinChange;
}

// Answers with the content of each workbin, or with an error.
let answers: Record<string, () => Promise<Interaction[]>>;

async function get(path: string): Promise<{ interactions: Interaction[] }> {
  const answer = answers[path.replace("/me/workbins/", "")];
  return { interactions: (await answer?.()) ?? [] };
}

function opened(): Workbins {
  const workbins = new Workbins({ get } as unknown as Api);
  workbins.all = BINS;
  return workbins;
}

function idsIn(workbins: Workbins, bin: string): string[] {
  return [...(workbins.content.get(bin)?.keys() ?? [])];
}

describe("the workbins", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    answers = {};
  });
  afterEach(() => void vi.useRealTimers());

  it("keep what was heard while an older answer was on its way", async () => {
    let answer: (found: Interaction[]) => void = () => {};
    answers = { own: () => new Promise((resolve) => (answer = resolve)) };
    const workbins = opened();
    const reading = workbins.read();

    workbins.hear(change("ItemAdded", "new"));
    workbins.hear(change("ItemRemoved", "old"));
    answer([mail("old"), mail("other")]);
    await reading;

    expect(idsIn(workbins, "own").sort()).toEqual(["new", "other"]);
  });

  it("keep what is known of one that cannot be read, and read it again", async () => {
    answers = { own: async () => [mail("a")], team: async () => [mail("b")] };
    const workbins = opened();
    await workbins.read();

    answers.team = () => Promise.reject(new ApiError(503, 0, ""));
    await workbins.read();
    const meanwhile = [idsIn(workbins, "own"), idsIn(workbins, "team")];
    answers.team = async () => [mail("c")];
    await vi.runAllTimersAsync();

    expect(meanwhile).toEqual([["a"], ["b"]]);
    expect(idsIn(workbins, "team")).toEqual(["c"]);
  });

  it("are those of the last of several reads", async () => {
    let first: (found: Interaction[]) => void = () => {};
    answers = { own: () => new Promise((resolve) => (first = resolve)) };
    const workbins = opened();
    const reading = workbins.read();
    answers = { own: async () => [mail("newer")] };
    await workbins.read();

    first([mail("older")]);
    await reading;

    expect(idsIn(workbins, "own")).toEqual(["newer"]);
  });

  it("forget a mail that has left them", async () => {
    vi.useRealTimers();
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const workbins = opened();
    await workbins.read();

    const left = hearOfOneThatComesAndGoes(workbins);
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();

    expect(left.deref()).toBeUndefined();
  });
});

function hearOfOneThatComesAndGoes(workbins: Workbins): WeakRef<Interaction> {
  const added = change("ItemAdded", "short");
  workbins.hear(added);
  workbins.hear(change("ItemRemoved", "short", 3));
  return new WeakRef(added.interaction);
}
