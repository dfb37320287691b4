// The words about a file that is on its way to a draft.

import { language } from "../words/language.svelte";
import type { Upload } from "./uploads.svelte";

export function wordsOf(upload: Upload): string {
  const { t } = language;
  return upload.status === "failed"
    ? t.uploadFailed(upload.file.name, upload.problem || t.noServer)
    : t.uploading(upload.file.name, upload.percent);
}
