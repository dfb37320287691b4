import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Api, ApiError } from "../src/api/client";
import { DEFAULTS } from "../src/shell/chosen";
import { preferences } from "../src/shell/preferences.svelte";

const stored = vi.fn();

// A server that refuses so many reads, and then has these preferences.
function server(refusals: number, has: object): Api {
  const get = async () => {
    refusals -= 1;
    if (refusals >= 0) throw new ApiError(500, 0, "broken");
    return { preferences: has };
  };
  const ask = async (_method: string, _path: string, { body }: { body: unknown }) => stored(body);
  return { get, ask } as unknown as Api;
}

beforeEach(() => {
  vi.useFakeTimers();
  stored.mockReset();
  vi.stubGlobal("document", { documentElement: { dataset: {} } });
  vi.stubGlobal("navigator", { languages: [] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("preferences that the server does not tell", () => {
  it("are those at first, and never another agent's", async () => {
    await preferences.load(server(0, { theme: "dark", formats: false }), "1");
    expect(preferences.current.theme).toBe("dark");

    await expect(preferences.load(server(1, {}), "2")).rejects.toThrow("broken");

    expect(preferences.current).toEqual(DEFAULTS);
  });

  it("are read before a change is stored, which replaces nothing else", async () => {
    await expect(preferences.load(server(1, { volume: 1, theme: "dark" }), "3")).rejects.toThrow();

    preferences.change({ theme: "light" });
    await vi.runAllTimersAsync();

    expect(stored).toHaveBeenCalledWith({ preferences: { ...DEFAULTS, volume: 1, theme: "light" } });
    expect(preferences.current.volume).toBe(1);
  });

  it("are not replaced while they cannot be read", async () => {
    const refused = vi.fn();
    preferences.onRefused = refused;
    await expect(preferences.load(server(2, { volume: 1 }), "4")).rejects.toThrow();

    preferences.change({ theme: "light" });
    await vi.runAllTimersAsync();

    expect(stored).not.toHaveBeenCalled();
    expect(refused).toHaveBeenCalled();
    expect(preferences.current.theme).toBe("light");
  });
});
