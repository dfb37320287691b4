// The drafts that are being written, for those who take them away: dialogs, and the log-out.

export interface OpenDraft {
  // Brings everything to the server; answers why that is not possible now, or an empty text.
  save: () => Promise<string>;
  end: () => void;
}

const drafts = new Map<string, OpenDraft>();

export function registerDraft(id: string, draft: OpenDraft): void {
  drafts.set(id, draft);
}

// Saves a draft before it goes to somebody else. Drafts that nobody writes need nothing.
export async function saveDraft(id: string): Promise<string> {
  return (await drafts.get(id)?.save()) ?? "";
}

export async function saveAllDrafts(): Promise<string> {
  const problems = await Promise.all([...drafts.keys()].map(saveDraft));
  return problems.find((one) => one !== "") ?? "";
}

// Forgets a draft that is gone: sent, discarded, given to another agent.
export function endDraft(id: string): void {
  drafts.get(id)?.end();
  drafts.delete(id);
}
