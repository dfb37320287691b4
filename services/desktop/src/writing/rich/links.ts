// Addresses that a link in a mail may lead to. Pure.

const MAIL = /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$/;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const ALLOWED = /^(?:https?|mailto|tel):/i;
const LONGEST = 2_000;

// The address as a mail carries it, also of one that was typed without its beginning; empty where
// it is none or leads to something that runs.
export function safeLink(typed: string): string {
  // Browsers pass over blanks and control characters in a scheme.
  const text = typed.replaceAll(/[\s\p{Cc}]/gu, "");
  if (text === "" || text.length > LONGEST) return "";
  if (MAIL.test(text)) return `mailto:${text}`;
  const isPort = /^[^/?#:]+:\d{1,5}(?:[/?#]|$)/.test(text);
  const hasScheme = SCHEME.test(text) && !isPort;
  const address = hasScheme ? text : ["https:", "", text.replace(/^\/+/, "")].join("/");
  return ALLOWED.test(address) && URL.canParse(address) ? address : "";
}
