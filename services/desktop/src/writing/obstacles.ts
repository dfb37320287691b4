// The obstacles that keep a draft from being sent, so that nothing leaves which its agent has not seen. Pure.

export interface Readiness {
  isReady: boolean;
  // Words in the fields of recipients that are no address.
  unread: readonly string[];
  upload: "sending" | "failed" | "stored" | undefined;
}

export type Obstacle = "" | "loading" | "address" | "uploading" | "upload-failed";

// The first obstacle; empty where the draft can be sent.
export function obstacleOf({ isReady, unread, upload }: Readiness): Obstacle {
  if (!isReady) return "loading";
  if (unread.some((one) => one.trim() !== "")) return "address";
  if (upload === "sending") return "uploading";
  return upload === "failed" ? "upload-failed" : "";
}
