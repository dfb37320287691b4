// Addresses as agents write and paste them. Pure. The server judges them in the end.

export interface Parsed {
  addresses: string[];
  // Words that are no address, as they were written.
  rest: string;
}

const ADDRESS = /^[^\s@<>"(),;:\\[\]]{1,64}@[^\s@<>"(),;:\\[\]]{1,253}$/u;
const BETWEEN = new Set([",", ";", "\n", "\r", "\t"]);

export function isAddress(text: string): boolean {
  return ADDRESS.test(text);
}

// Reads `Ann <ann@example.org>, bo@example.org`: names are left out, each address is taken once.
export function parse(text: string): Parsed {
  const found = new Map<string, string>();
  const rest: string[] = [];
  for (const part of parts(text)) {
    const words = withoutName(part).trim();
    if (!words) continue;
    const pieces = words.split(/\s+/);
    if (pieces.every(isAddress)) pieces.forEach((one) => found.set(one.toLowerCase(), one));
    else rest.push(words);
  }
  return { addresses: [...found.values()], rest: rest.join(", ") };
}

// The parts of a list. A comma in a quoted name ends none.
function parts(text: string): string[] {
  const found: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? "";
    if (sign === "\n") isQuoted = false;
    else if (sign === '"') isQuoted = !isQuoted;
    if (!isQuoted && BETWEEN.has(sign)) {
      found.push(text.slice(start, at));
      start = at + 1;
    }
  }
  found.push(text.slice(start));
  return found;
}

// The address of `Name <address>`; a part without brackets as it is.
function withoutName(part: string): string {
  const from = part.lastIndexOf("<");
  const to = part.indexOf(">", from);
  return from >= 0 && to > from ? part.slice(from + 1, to) : part;
}

export function listed(addresses: string | undefined): string[] {
  return (addresses ?? "").split(",").filter((one) => one.trim() !== "");
}

export function added(before: readonly string[], more: readonly string[]): string[] {
  const known = new Set(before.map((one) => one.toLowerCase()));
  return [...before, ...more.filter((one) => !known.has(one.toLowerCase()))];
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}

// How many people get the mail, and how many of them are at none of the house's domains.
export function countPeople(
  addresses: readonly string[],
  own: ReadonlySet<string>,
): { all: number; outside: number } {
  const people = new Set(addresses.map((one) => one.toLowerCase()));
  const outside = [...people].filter((one) => !own.has(domainOf(one)));
  return { all: people.size, outside: outside.length };
}
