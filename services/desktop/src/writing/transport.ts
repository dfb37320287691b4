// Sends files to the gateway. `fetch` tells nothing about the progress of a body.

import { addressOf, ApiError } from "../api/client";
import { desk } from "../worklist/desk.svelte";
import type { FileTransport } from "./uploads.svelte";

interface UploadAnswer {
  status?: string;
  statusCode?: number;
  statusMessage?: string;
  documentId?: string;
  documentIds?: string[];
}

export const sendFile: FileTransport = (draft, file, { key, signal, onProgress }) => {
  const request = new XMLHttpRequest();
  request.open("POST", addressOf(`/me/interactions/${draft}/attachments`));
  for (const [name, value] of Object.entries(desk.api.headers)) {
    request.setRequestHeader(name, value);
  }
  request.setRequestHeader("Idempotency-Key", key);
  request.responseType = "json";
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) onProgress(Math.floor((100 * event.loaded) / event.total));
  };
  signal.addEventListener("abort", () => request.abort());
  const form = new FormData();
  form.append("attachment", file, file.name);
  return new Promise((resolve, reject) => {
    request.onload = () => {
      const answer = (request.response ?? {}) as UploadAnswer;
      if (request.status === 200 && answer.status !== "error") {
        resolve(answer.documentIds ?? [answer.documentId ?? ""]);
        return;
      }
      const message = answer.statusMessage ?? String(request.status);
      const after = Number(request.getResponseHeader("Retry-After")) || 0;
      reject(new ApiError(request.status, answer.statusCode ?? 0, message, after));
    };
    request.onerror = request.onabort = () => reject(new ApiError(0, 0, ""));
    request.send(form);
  });
};
