// Files on their way to a draft, with how far each has come. They go on while another mail is shown.

import { ApiError, randomKey } from "../api/client";

export type UploadStatus = "sending" | "failed" | "stored";

export interface FileTransport {
  // Sends a file; answers with the ids of its attachments.
  (
    draft: string,
    file: File,
    options: { key: string; signal: AbortSignal; onProgress: (percent: number) => void },
  ): Promise<string[]>;
}

export class Upload {
  status = $state<UploadStatus>("sending");
  percent = $state(0);
  // Why it failed; empty where the server did not answer.
  problem = $state("");
  // The attachments of the draft that it became.
  attachments: readonly string[] = [];
  // A lost answer may be one of success: the same key attaches the file once.
  #key = randomKey();
  #abort = new AbortController();

  constructor(
    readonly draft: string,
    readonly file: File,
    readonly send: FileTransport,
  ) {}

  // Sends the file, for the first time or again.
  async start(): Promise<void> {
    this.status = "sending";
    this.percent = 0;
    this.problem = "";
    this.#abort = new AbortController();
    try {
      this.attachments = await this.send(this.draft, this.file, {
        key: this.#key,
        signal: this.#abort.signal,
        onProgress: (percent) => (this.percent = percent),
      });
      this.status = "stored";
    } catch (error) {
      this.status = "failed";
      this.problem = error instanceof ApiError && !error.isPassing ? error.message : "";
      // The server repeats a refusal for the same key; a cause such as a full draft may be gone.
      if (isRefusal(error)) this.#key = randomKey();
    }
  }

  cancel(): void {
    this.#abort.abort();
  }
}

export class UploadList {
  all = $state.raw<readonly Upload[]>([]);

  constructor(
    readonly draft: string,
    readonly send: FileTransport,
  ) {}

  // The files that a Send has to wait for: one that is on its way, or one that failed.
  get unfinished(): Upload | undefined {
    return this.all.find((one) => one.status !== "stored");
  }

  add(files: Iterable<File>): void {
    const more = [...files].map((file) => new Upload(this.draft, file, this.send));
    this.all = [...this.all, ...more];
    for (const one of more) void one.start();
  }

  remove(upload: Upload): void {
    upload.cancel();
    this.all = this.all.filter((one) => one !== upload);
  }

  // Forgets the files that the draft itself lists by now.
  dropListed(attachments: Iterable<string>): void {
    const listed = new Set(attachments);
    const left = this.all.filter(
      (one) => one.status !== "stored" || !one.attachments.every((id) => listed.has(id)),
    );
    if (left.length < this.all.length) this.all = left;
  }

  end(): void {
    for (const one of this.all) one.cancel();
    this.all = [];
  }
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof ApiError) || error.isPassing || error.isLogin) return false;
  return error.status < 500;
}
