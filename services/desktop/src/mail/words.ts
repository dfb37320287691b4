// Tells the newest words of a plain text from what they quote. Pure; every character is in a part.

export interface Section {
  kind: "new" | "quoted";
  text: string;
}

const QUOTED = /^\s{0,3}>/;
const ATTRIBUTION =
  /^\s*(?:(?:on|am|le|el|il|op)\b.{4,200}|.{2,120})\s(?:wrote|schrieb|escribió|a écrit|ha scritto|schreef)\b.{0,120}:\s*$/i;
const SEPARATOR =
  /^\s*-{2,}\s*(?:original message|ursprüngliche nachricht|forwarded message|weitergeleitete nachricht)\s*-{2,}\s*$/i;

export function sections(text: string): Section[] {
  const lines = text.split(/(?<=\n)/);
  const kinds = lines.map((line): Section["kind"] => (QUOTED.test(line) ? "quoted" : "new"));
  let below = false;
  lines.forEach((line, at) => {
    if (SEPARATOR.test(line)) below = true;
    if (below) kinds[at] = "quoted";
    else if (ATTRIBUTION.test(line) && nextWords(lines, kinds, at) === "quoted") kinds[at] = "quoted";
  });
  // Blank lines belong to what is before them.
  lines.forEach((line, at) => {
    const before = kinds[at - 1];
    if (line.trim() === "" && before) kinds[at] = before;
  });
  const found: Section[] = [];
  lines.forEach((line, at) => {
    const kind = kinds[at] ?? "new";
    const last = found.at(-1);
    if (last?.kind === kind) last.text += line;
    else found.push({ kind, text: line });
  });
  return found;
}

function nextWords(lines: string[], kinds: Section["kind"][], at: number): Section["kind"] {
  for (let next = at + 1; next < lines.length; next += 1) {
    if (lines[next]?.trim()) return kinds[next] ?? "new";
  }
  return "new";
}
