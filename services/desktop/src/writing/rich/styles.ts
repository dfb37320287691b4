// The page's policy forbids styles of elements, and the browser reports each one that is read, also
// in a document that nobody sees. So they are read under another name. Pure.

// Programs copy these along with what was chosen; both have nothing to read.
const UNREAD = /<(style|script)\b[^>]*>[\s\S]*?<\/\1\s*>/gi;
const HANDLER = /\son(?=[a-z]+\s*=)/gi;
const OTHER = "data-mailroom-style";
const TAG = /<[a-z][^<>]*>/gi;
const STYLE = /\sstyle\s*=/gi;

export function setAside(html: string): string {
  return html.replaceAll(TAG, (tag) => tag.replaceAll(STYLE, ` ${OTHER}=`));
}

// Pasted HTML without the parts that the browser would report, as it allows none of them.
export function quieted(html: string): string {
  const read = html.replaceAll(UNREAD, "");
  return setAside(read.replaceAll(TAG, (tag) => tag.replaceAll(HANDLER, " data-on")));
}

export function putBack(html: string): string {
  return html.replaceAll(` ${OTHER}=`, " style=");
}

export const STYLED = `[${OTHER}]`;

interface Attributes {
  getAttribute(name: string): string | null;
}

export function isBold(element: Attributes): boolean {
  return /font-weight:\s*(?:bold|[6-9]\d\d)/i.test(styleOf(element));
}

export function isLight(element: Attributes): boolean {
  return /font-weight:\s*(?:normal|[1-5]\d\d)/i.test(styleOf(element));
}

export function isItalic(element: Attributes): boolean {
  return /font-style:\s*(?:italic|oblique)/i.test(styleOf(element));
}

function styleOf(element: Attributes): string {
  return element.getAttribute(OTHER) ?? "";
}
