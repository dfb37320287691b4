import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { StateMessage } from "../src/api/types";

vi.mock("../src/live/connection", () => ({
  CHANNELS: "channels",
  INTERACTIONS: "interactions",
  WORKBINS: "workbins",
  Connection: class {
    offset = 0;
    start(): void {}
    stop(): void {}
    resume(): void {}
  },
}));

const AGENT = { id: "1", userName: "ann", firstName: "Ann", lastName: "", roles: ["ROLE_AGENT"] };
const answers: Record<string, object> = {
  "/me": { user: AGENT },
  "/me/interactions": { interactions: [], position: 1, totalCount: 0 },
  "/me/channels": { channels: [] },
  "/me/preferences": { preferences: {} },
  "/me/workbins": { workbins: [] },
  "/settings/agent-states": { agentStates: [] },
  "/queues": { queues: [] },
  "/me/senders": { senders: [] },
};

// How the server answers some paths: with a status, or not at all for 0.
let refusals: Record<string, number> = {};
let asked: string[] = [];

async function answer(address: string): Promise<Response> {
  const path = address.replace(/^.*\/api\/v2/, "").replace(/\?.*/, "");
  asked.push(path);
  const status = refusals[path];
  if (status === 0) throw new TypeError("no network");
  return Response.json(status ? { statusCode: 1 } : answers[path], { status: status ?? 200 });
}

function held(id: string, parts: Partial<StateMessage> = {}): StateMessage {
  return {
    id,
    sequence: 1,
    state: "Accepted",
    capabilities: ["Reply"],
    email_object: { subject: id },
    ...parts,
  } as StateMessage;
}

const news = new BroadcastChannel("mailroom.login");
const heard = vi.fn();

let desk: Awaited<typeof import("../src/worklist/desk.svelte")>["desk"];
let notices: Awaited<typeof import("../src/shell/notices.svelte")>["notices"];

beforeAll(async () => {
  vi.stubGlobal("document", {
    title: "",
    documentElement: { dataset: {} },
    querySelector: () => null,
    addEventListener: () => {},
  });
  vi.stubGlobal("navigator", { languages: [] });
  vi.stubGlobal("location", { search: "", pathname: "/desktop/" });
  vi.stubGlobal("fetch", answer);
  news.onmessage = heard;
  // The page has what it begins with by now.
  desk = (await import("../src/worklist/desk.svelte")).desk;
  notices = (await import("../src/shell/notices.svelte")).notices;
  return () => {
    news.close();
    vi.unstubAllGlobals();
  };
}, 60_000);
beforeEach(() => {
  refusals = {};
  asked = [];
  heard.mockReset();
});
afterEach(() => void vi.useRealTimers());

describe("the desk", { timeout: 30_000 }, () => {
  it("opens without preferences that the server cannot tell, and says so", async () => {
    refusals = { "/me/preferences": 500 };
    await desk.open();

    expect(desk.phase).toBe("working");
    expect(notices.all.map((one) => one.kind)).toEqual(["bad"]);
    expect(notices.all[0]?.text).toContain("settings");
    await vi.waitFor(() => expect(heard).toHaveBeenCalled());
  });

  it("tells the other tabs of a login by which the page was opened", async () => {
    await desk.open();

    await vi.waitFor(() => expect(heard).toHaveBeenCalled());
  });

  it("goes on after a login elsewhere of which it heard without a network", async () => {
    await desk.open();
    await vi.waitFor(() => expect(heard).toHaveBeenCalled());
    refusals = { "/me": 401 };
    const waiting = desk.api.get("/me");
    await vi.waitFor(() => expect(desk.needsLogin).toBe(true));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    refusals = { "/me": 0 };
    asked = [];
    news.postMessage("login");
    await vi.waitUntil(() => asked.includes("/me"));
    refusals = {};

    await vi.waitUntil(async () => {
      await vi.advanceTimersByTimeAsync(1_000);
      return !desk.needsLogin;
    });

    await expect(waiting).resolves.toMatchObject({ user: AGENT });
  });

  it("shows a draft that was asked for, unless the agent has chosen another mail meanwhile", async () => {
    await desk.open();
    desk.apply(held("first"));
    desk.apply(held("second"));
    const draft = held("draft", { state: "ReplyCreated" });
    answers["/me/interactions/first"] = { interactionId: draft.id, interaction: draft };
    const first = desk.work.items.get("first")!;

    desk.choose("first");
    await desk.operations.answer(first, "Reply");
    const shown = desk.selected;
    desk.choose("first");
    const asked = desk.operations.answer(first, "Reply");
    desk.choose("second");
    await asked;

    expect(shown).toBe("draft");
    expect(desk.selected).toBe("second");
    expect(desk.isOpeningDraft).toBe(false);
  });
});
