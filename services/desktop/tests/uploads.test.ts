import { describe, expect, it } from "vitest";
import { ApiError } from "../src/api/client";
import { obstacleOf } from "../src/writing/obstacles";
import { endDraft, registerDraft, saveAllDrafts, saveDraft } from "../src/writing/open_drafts";
import { staleKeys } from "../src/writing/copies";
import { type FileTransport, Upload, UploadList } from "../src/writing/uploads.svelte";

const FILE = new File(["words"], "words.txt");

// Answers in turn with ids or errors, and keeps the keys it was called with.
function answering(...answers: (string[] | ApiError)[]): { send: FileTransport; keys: string[] } {
  const keys: string[] = [];
  const send: FileTransport = async (_draft, _file, { key }) => {
    keys.push(key);
    const answer = answers.shift();
    if (!answer) throw new Error("asked too often");
    if (answer instanceof ApiError) throw answer;
    return answer;
  };
  return { send, keys };
}

describe("Upload", () => {
  it("fails without a network and is sent again by the same key", async () => {
    const { send, keys } = answering(new ApiError(0, 0, ""), ["7"]);
    const upload = new Upload("1", FILE, send);

    await upload.start();
    expect(upload).toMatchObject({ status: "failed", problem: "" });
    await upload.start();

    expect(upload).toMatchObject({ status: "stored", attachments: ["7"] });
    expect(keys[0]).toBe(keys[1]);
  });

  it("asks anew after a refusal", async () => {
    const { send, keys } = answering(new ApiError(413, 13, "too large"), ["7"]);
    const upload = new Upload("1", FILE, send);

    await upload.start();
    expect(upload).toMatchObject({ status: "failed", problem: "too large" });
    await upload.start();

    expect(upload.status).toBe("stored");
    expect(keys[0]).not.toBe(keys[1]);
  });
});

describe("UploadList", () => {
  it("waits for files that are sending or have failed", async () => {
    const { send } = answering(new ApiError(0, 0, ""));
    const uploads = new UploadList("1", send);

    uploads.add([FILE]);
    expect(uploads.unfinished?.status).toBe("sending");
    await Promise.resolve();
    await Promise.resolve();

    expect(uploads.unfinished?.status).toBe("failed");
    uploads.remove(uploads.all[0] as Upload);
    expect(uploads.unfinished).toBeUndefined();
  });

  it("forgets a file by its id, not by its name", async () => {
    const { send } = answering(["7"]);
    const uploads = new UploadList("1", send);
    uploads.add([FILE]);
    await Promise.resolve();
    await Promise.resolve();

    uploads.dropListed(["6"]);
    expect(uploads.all).toHaveLength(1);
    uploads.dropListed(["6", "7"]);

    expect(uploads.all).toEqual([]);
  });
});

describe("obstacleOf", () => {
  const ready = { isReady: true, unread: ["", " "], upload: undefined };

  it("finds none in a draft that is complete", () => {
    expect(obstacleOf(ready)).toBe("");
    expect(obstacleOf({ ...ready, upload: "stored" })).toBe("");
  });

  it("names what would be sent unseen or left behind", () => {
    expect(obstacleOf({ ...ready, isReady: false })).toBe("loading");
    expect(obstacleOf({ ...ready, unread: ["", "bo@"] })).toBe("address");
    expect(obstacleOf({ ...ready, upload: "sending" })).toBe("uploading");
    expect(obstacleOf({ ...ready, upload: "failed" })).toBe("upload-failed");
  });
});

describe("open drafts", () => {
  it("are saved before they go, and tell what prevents it", async () => {
    registerDraft("1", { save: () => Promise.resolve(""), end: () => undefined });
    registerDraft("2", { save: () => Promise.resolve("Not saved yet"), end: () => undefined });

    expect(await saveDraft("1")).toBe("");
    expect(await saveDraft("2")).toBe("Not saved yet");
    expect(await saveDraft("3")).toBe("");
    expect(await saveAllDrafts()).toBe("Not saved yet");
    endDraft("2");
    expect(await saveAllDrafts()).toBe("");
  });
});

describe("staleKeys", () => {
  it("names old copies of drafts that are no longer held", () => {
    const week = 7 * 24 * 3600 * 1000;
    const stored: [string, { storedAt?: number }][] = [
      ["mailroom.draft.ada.1", { storedAt: 0 }],
      ["mailroom.draft.ada.2", {}],
      ["mailroom.draft.ada.3", { storedAt: week }],
      ["mailroom.draft.bo.4", { storedAt: 0 }],
      ["another", {}],
    ];

    expect(staleKeys(stored, "ada", new Set(["1"]), week + 1)).toEqual(["mailroom.draft.ada.2"]);
  });
});
