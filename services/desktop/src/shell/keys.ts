// Which key does what. Single keys work where nobody types, and can be switched off (WCAG 2.1.4).

export interface Key {
  action: string;
  keys: string;
  isAnywhere?: boolean;
  // Whether the action is done again and again while the key is held down.
  repeats?: boolean;
}

export interface Keyboard {
  hasSingleKeys: boolean;
  isMac: boolean;
}

const KEYS: readonly Key[] = [
  { action: "accept", keys: "Alt A", isAnywhere: true },
  { action: "reject", keys: "Alt X", isAnywhere: true },
  { action: "send", keys: "Ctrl Enter", isAnywhere: true },
  { action: "accept", keys: "a" },
  { action: "reject", keys: "x" },
  { action: "next", keys: "j", repeats: true },
  { action: "previous", keys: "k", repeats: true },
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

export const isMac = /Mac|iP(?:hone|ad|od)/.test(globalThis.navigator?.platform ?? "");

// All keys as they work here. On a Mac, Option writes letters into a text: its keys rest there.
export function keysOn(isMac: boolean): Key[] {
  return KEYS.map((one) =>
    isMac && one.keys.startsWith("Alt ") ? { ...one, isAnywhere: false } : one,
  );
}

// The action of a key that was pressed; empty where it has none.
export function actionOf(event: KeyboardEvent, { hasSingleKeys, isMac }: Keyboard): string {
  if (event.isComposing || event.defaultPrevented) return "";
  const isControl = event.ctrlKey || event.metaKey;
  if (event.altKey && !isControl && !event.shiftKey) {
    if (event.repeat || (isMac && isTyping(event.target))) return "";
    // By its place: with Alt some systems write another letter.
    return { KeyA: "accept", KeyX: "reject" }[event.code] ?? "";
  }
  if (isControl || event.altKey || !hasSingleKeys || isTyping(event.target)) return "";
  // Caps Lock writes capitals too: Shift alone means another action.
  const name = event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase();
  const key = KEYS.find((one) => one.keys === name);
  return key && (key.repeats || !event.repeat) ? key.action : "";
}

function isTyping(target: EventTarget | null): boolean {
  const element = target as Partial<HTMLElement> | null;
  const isField = /^(?:INPUT|TEXTAREA|SELECT)$/.test(element?.tagName ?? "");
  return isField || Boolean(element?.isContentEditable);
}
