// Which key does what. Single keys work where nobody types, and can be switched off (WCAG 2.1.4).

export interface Key {
  action: string;
  keys: string;
  isAnywhere?: boolean;
}

export const KEYS: readonly Key[] = [
  { action: "accept", keys: "Alt A", isAnywhere: true },
  { action: "reject", keys: "Alt X", isAnywhere: true },
  { action: "send", keys: "Ctrl Enter", isAnywhere: true },
  { action: "accept", keys: "a" },
  { action: "reject", keys: "x" },
  { action: "next", keys: "j" },
  { action: "previous", keys: "k" },
  { action: "list", keys: "g" },
  { action: "reply", keys: "r" },
  { action: "replyAll", keys: "R" },
  { action: "forward", keys: "f" },
  { action: "complete", keys: "e" },
  { action: "transfer", keys: "t" },
  { action: "workbin", keys: "w" },
  { action: "write", keys: "c" },
  { action: "search", keys: "/" },
  { action: "help", keys: "?" },
];

// The action of a key that was pressed; empty where it has none.
export function actionOf(event: KeyboardEvent, hasSingleKeys: boolean): string {
  if (event.isComposing || event.defaultPrevented) return "";
  const isControl = event.ctrlKey || event.metaKey;
  if (event.altKey && !isControl && !event.shiftKey) {
    // By its place: with Alt some systems write another letter.
    return { KeyA: "accept", KeyX: "reject" }[event.code] ?? "";
  }
  if (isControl || event.altKey || !hasSingleKeys || isTyping(event.target)) return "";
  return KEYS.find((one) => one.keys === event.key)?.action ?? "";
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
