// The keys and their commands. Single keys work where nobody types, and can be switched off (WCAG 2.1.4).

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
  // Keys that the agent has changed, by action; empty where the action has none.
  own?: Readonly<Record<string, string>>;
}

const KEYS: readonly Key[] = [
  { action: "accept", keys: "Alt A", isAnywhere: true },
  { action: "reject", keys: "Alt X", isAnywhere: true },
  { action: "moreTime", keys: "Alt M", isAnywhere: true },
  { action: "send", keys: "Ctrl Enter", isAnywhere: true },
  { action: "accept", keys: "a" },
  { action: "reject", keys: "x" },
  { action: "moreTime", keys: "m" },
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
export function keysOn(isMac: boolean, own: Readonly<Record<string, string>> = {}): Key[] {
  return KEYS.map((one) => {
    if (isSingle(one)) return { ...one, keys: own[one.action] ?? one.keys };
    return isMac && one.keys.startsWith("Alt ") ? { ...one, isAnywhere: false } : one;
  });
}

// Whether it is a key alone, which an agent may change.
export function isSingle(key: Key): boolean {
  return key.keys.length <= 1;
}

// The single key of an action as it is written on a keyboard; empty where it has none.
export function keyOf(action: string, own: Readonly<Record<string, string>>): string {
  return keysOn(false, own).find((one) => isSingle(one) && one.action === action)?.keys ?? "";
}

// Gives an action another key. A key that another action has goes over to this one.
export function withKey(
  own: Readonly<Record<string, string>>,
  action: string,
  name: string,
): Record<string, string> {
  const holders = keysOn(false, own).filter((one) => isSingle(one) && name && one.keys === name);
  const freed = holders.filter((one) => one.action !== action).map((one) => [one.action, ""]);
  return { ...own, ...Object.fromEntries(freed), [action]: name };
}

// How a pressed key is named: Caps Lock writes capitals too, so Shift decides.
export function nameOfKey(event: Pick<KeyboardEvent, "key" | "shiftKey">): string {
  return event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase();
}

// The action of a key that was pressed; empty where it has none.
export function actionOf(event: KeyboardEvent, { hasSingleKeys, isMac, own }: Keyboard): string {
  if (event.isComposing || event.defaultPrevented) return "";
  const isControl = event.ctrlKey || event.metaKey;
  if (event.altKey && !isControl && !event.shiftKey) {
    if (event.repeat || (isMac && isTyping(event.target))) return "";
    // By its place: with Alt some systems write another letter.
    return { KeyA: "accept", KeyX: "reject", KeyM: "moreTime" }[event.code] ?? "";
  }
  if (isControl || event.altKey || !hasSingleKeys || isTyping(event.target)) return "";
  const name = nameOfKey(event);
  const key = keysOn(isMac, own).find((one) => isSingle(one) && one.keys === name);
  return key && (key.repeats || !event.repeat) ? key.action : "";
}

function isTyping(target: EventTarget | null): boolean {
  const element = target as Partial<HTMLElement> | null;
  const isField = /^(?:INPUT|TEXTAREA|SELECT)$/.test(element?.tagName ?? "");
  return isField || Boolean(element?.isContentEditable);
}
