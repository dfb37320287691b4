// The workbins that the agent may look into, and what is in them.

import { type Api, ApiError } from "../api/client";
import type { Interaction, Workbin, WorkbinChange } from "../api/types";
import { type Bins, foldBin } from "./fold";

// A request was repeated for some seconds before.
const AGAIN_AFTER = 10_000;

export class Workbins {
  all = $state.raw<Workbin[]>([]);
  content = $state.raw<Bins>(new Map());
  readonly #api: Api;
  // The changes that are heard while the content is being read; undefined while none is read.
  #heard: WorkbinChange[] | undefined;
  #read = 0;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Api) {
    this.#api = api;
  }

  hear(change: WorkbinChange): void {
    this.#heard?.push(change);
    this.content = foldBin(this.content, change);
  }

  // Reads the content of all workbins. One that cannot be read keeps what is known of it, and is
  // read again later. Of several reads the last one counts.
  async read(): Promise<void> {
    const read = ++this.#read;
    clearTimeout(this.#again);
    const heard: WorkbinChange[] = [];
    this.#heard = heard;
    let isPassing = false;
    const found = await Promise.all(
      this.all.map(async ({ id }) => {
        try {
          return [id, await this.#contentOf(id)] as const;
        } catch (error) {
          isPassing ||= error instanceof ApiError && error.isPassing;
          return [id, this.content.get(id) ?? new Map<string, Interaction>()] as const;
        }
      }),
    );
    if (read !== this.#read) return;
    // An answer may be older than a change that was heard before it.
    this.content = heard.reduce(foldBin, new Map(found) as Bins);
    this.#heard = undefined;
    if (isPassing) this.#again = setTimeout(() => void this.read(), AGAIN_AFTER);
  }

  async #contentOf(id: string): Promise<ReadonlyMap<string, Interaction>> {
    const found = await this.#api.get<{ interactions: Interaction[] }>(`/me/workbins/${id}`);
    return new Map(found.interactions.map((item) => [item.id, item]));
  }
}
