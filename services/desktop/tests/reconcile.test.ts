import { describe, expect, it } from "vitest";
import type { Interaction } from "../src/api/types";
import type { Fields } from "../src/writing/fields";
import {
  chooseVersion,
  confirmSave,
  copyOf,
  type DraftState,
  hasAll,
  hasSeenFiles,
  isWhole,
  mergeServerVersion,
  restoreCopy,
  sendFields,
  stateOf,
} from "../src/writing/reconcile";

const words = (greeting: string, body = "it is paid.", end = "Ada"): Fields => ({
  from: "support@demo.example",
  to: ["ann@example.org"],
  cc: [],
  bcc: [],
  subject: "Re",
  text: `${greeting}\n\n${body}\n\n${end}`,
  html: "",
});

const BASE = words("Dear Ann,");
const MINE = words("Hello Ann,");
const THEIRS = words("Good day,");

const at = (version: number, fields = BASE): DraftState => ({
  version,
  base: BASE,
  fields,
  theirs: null,
  unconfirmed: [],
});

const draft = (mail: Partial<Interaction["email_object"]>): Interaction => ({
  id: "1",
  state: "ReplyCreated",
  sequence: 5,
  email_object: { subject: "Re", ToAddress: "ann@example.org", ...mail },
  capabilities: [],
});

describe("mergeServerVersion", () => {
  it("joins a version that changed another place", () => {
    const joined = mergeServerVersion(at(5, MINE), 6, words("Dear Ann,", "it is paid.", "Bo"));

    expect(joined.fields).toEqual(words("Hello Ann,", "it is paid.", "Bo"));
    expect(joined).toMatchObject({ version: 6, theirs: null });
    expect(hasAll(joined)).toBe(false);
  });

  it("knows its own words again in the HTML that the server has made of them", () => {
    const mine = { ...MINE, html: "<div><p>Hello</p></div>" };
    const sent = sendFields(at(5, mine));

    const state = mergeServerVersion(sent, 6, { ...mine, html: "<div>\n<p>Hello</p></div>" });

    expect(state.theirs).toBeNull();
    expect(state.fields).toEqual(mine);
  });

  it("keeps both versions where they changed one place", () => {
    const state = mergeServerVersion(at(5, MINE), 6, THEIRS);

    expect(state).toMatchObject({ version: 6, base: BASE, fields: MINE, theirs: THEIRS });
    expect(hasAll(state)).toBe(false);
  });

  it("offers the newest version while a conflict is open", () => {
    const newer = words("Good day,", "it is not paid.");

    const state = mergeServerVersion(mergeServerVersion(at(5, MINE), 6, THEIRS), 7, newer);

    expect(state.theirs).toEqual(newer);
    expect(chooseVersion(state, "theirs").fields).toEqual(newer);
  });

  it("ends a conflict when the other window takes its change back", () => {
    const open = mergeServerVersion(at(5, MINE), 6, THEIRS);

    const state = mergeServerVersion(open, 7, words("Dear Ann,", "it is paid.", "Bo"));

    expect(state.theirs).toBeNull();
    expect(state.fields).toEqual(words("Hello Ann,", "it is paid.", "Bo"));
  });

  it("ignores a version that is known", () => {
    const state = at(6, MINE);

    expect(mergeServerVersion(state, 6, THEIRS)).toBe(state);
  });

  it("knows its own save whose answer was lost", () => {
    const sent = sendFields(at(5, MINE));
    const typedOn = { ...sent, fields: words("Hello Ann, dear,") };

    const state = mergeServerVersion(typedOn, 6, MINE);

    expect(state).toMatchObject({ version: 6, base: MINE, theirs: null, unconfirmed: [] });
    expect(state.fields.text).toContain("Hello Ann, dear,");
  });

  it("knows each of several saves without an answer", () => {
    const first = sendFields(at(5, MINE));
    const second = sendFields({ ...first, fields: words("Hello Ann, dear,") });

    expect(mergeServerVersion(second, 6, MINE)).toMatchObject({ base: MINE, theirs: null });
  });
});

describe("confirmSave", () => {
  it("takes what was sent as the new base", () => {
    const state = confirmSave(sendFields(at(5, MINE)), 6, MINE);

    expect(state).toMatchObject({ version: 6, base: MINE, unconfirmed: [] });
    expect(hasAll(state)).toBe(true);
  });

  it("keeps a newer version that came before the answer", () => {
    const joined = mergeServerVersion(at(5, MINE), 7, words("Hello Ann,", "it is paid.", "Bo"));

    expect(confirmSave(joined, 6, MINE)).toBe(joined);
  });
});

describe("restoreCopy", () => {
  it("opens a conflict again that was open before the reload", () => {
    const open = mergeServerVersion(at(5, MINE), 6, THEIRS);
    const reloaded = { ...at(6, THEIRS), base: THEIRS };

    const state = restoreCopy(reloaded, copyOf(open));

    expect(state).toMatchObject({ version: 6, fields: MINE, theirs: THEIRS });
    expect(hasAll(state)).toBe(false);
  });

  it("keeps the choice that was made before the reload", () => {
    const chosen = chooseVersion(mergeServerVersion(at(5, MINE), 6, THEIRS), "mine");

    const state = restoreCopy({ ...at(6, THEIRS), base: THEIRS }, copyOf(chosen));

    expect(state).toMatchObject({ base: THEIRS, fields: MINE, theirs: null });
  });

  it("knows a save whose answer the reload has cut off", () => {
    const typedOn = { ...sendFields(at(5, MINE)), fields: words("Hello Ann, dear,") };

    const state = restoreCopy({ ...at(6, MINE), base: MINE }, copyOf(typedOn));

    expect(state).toMatchObject({ base: MINE, theirs: null });
    expect(state.fields.text).toContain("Hello Ann, dear,");
  });

  it("leaves a copy alone that the server has", () => {
    const state = at(6);

    expect(restoreCopy(state, copyOf(state))).toBe(state);
  });
});

describe("stateOf", () => {
  it("takes no cut text for the draft", () => {
    const cut = draft({ Text: "Dear", truncated: true });

    expect(isWhole(cut)).toBe(false);
    const whole = mergeServerVersion(stateOf(cut), cut.sequence, BASE);
    expect(whole).toMatchObject({ version: 5, base: BASE, fields: BASE, theirs: null });
  });

  it("takes no heading for the draft", () => {
    expect(stateOf(draft({})).version).toBe(-1);
    expect(stateOf(draft({ Text: "" })).version).toBe(5);
  });
});

it("hasSeenFiles finds what another window attached or removed", () => {
  expect(hasSeenFiles(["1", "2"], ["1"], ["2"])).toBe(true);
  expect(hasSeenFiles(["1"], ["1"], ["2"])).toBe(true);
  expect(hasSeenFiles(["1", "3"], ["1"], ["2"])).toBe(false);
  expect(hasSeenFiles(["2"], ["1"], ["2"])).toBe(false);
});
