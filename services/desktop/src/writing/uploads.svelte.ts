// Files on their way to a draft, with how far each has come.

import { addressOf, randomKey } from "../api/client";
import { desk } from "../work/desk.svelte";

export class Upload {
  percent = $state(0);
  problem = $state("");
  isDone = $state(false);
  #request: XMLHttpRequest | undefined;

  constructor(
    readonly draft: string,
    readonly file: File,
  ) {
    void this.start();
  }

  async start(): Promise<void> {
    this.percent = 0;
    this.problem = "";
    try {
      await this.#send();
      this.isDone = true;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  cancel(): void {
    this.#request?.abort();
  }

  // fetch tells nothing about the progress of a body.
  #send(): Promise<void> {
    const request = new XMLHttpRequest();
    this.#request = request;
    request.open("POST", addressOf(`/me/interactions/${this.draft}/attachments`));
    for (const [name, value] of Object.entries(desk.api.headers)) {
      request.setRequestHeader(name, value);
    }
    request.setRequestHeader("Idempotency-Key", randomKey());
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) this.percent = Math.floor((100 * event.loaded) / event.total);
    };
    const form = new FormData();
    form.append("attachment", this.file, this.file.name);
    return new Promise((resolve, reject) => {
      request.onload = () => {
        const answer = request.response as { status?: string; statusMessage?: string } | null;
        if (request.status === 200 && answer?.status !== "error") resolve();
        else reject(new Error(answer?.statusMessage ?? String(request.status)));
      };
      request.onerror = () => reject(new Error(""));
      request.onabort = () => reject(new Error(""));
      request.send(form);
    });
  }
}
