// A draft as a formatted text. HTML is read into a document where nothing loads and nothing runs.

import { DOMParser as SchemaParser, type Node } from "prosemirror-model";
import { isFormatted } from "../formatted";
import { docOfText, isEmptyLine, withBlanks } from "./forms";
import { schema } from "./schema";
import { setAside } from "./styles";

interface Policy {
  createHTML: (html: string) => string;
}
const factory = (
  globalThis as { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } }
).trustedTypes;
// Only the schema's elements leave the inert document, and no script starts in it.
const inert = factory?.createPolicy("mailroom-draft", { createHTML: (html) => html });

const READER = SchemaParser.fromSchema(schema);
// Pasted words are never the mail that is answered, which keeps all of its HTML.
export const clipboardReader = new SchemaParser(
  schema,
  READER.rules.filter((rule) => !("node" in rule && rule.node === "original")),
);

export interface Words {
  html: string;
  text: string;
}

export function read(html: string): Node {
  const safe = setAside(html);
  const page = new DOMParser().parseFromString(inert?.createHTML(safe) ?? safe, "text/html");
  return withBlanks(READER.parse(page.body));
}

// The document that shows a draft. A quote keeps the plain text that the server has made of it.
export function docOf({ html, text }: Words): Node {
  if (!html) return docOfText(text);
  const plain = docOfText(text);
  const quote = plain.lastChild?.type.name === "original" ? plain.lastChild : null;
  const doc = withText(read(html), quote?.attrs["text"] as string | undefined);
  // The server's quote alone: what stands above it in the plain text stands above it here.
  if (isFormatted(html) || !quote) return doc;
  const original = doc.lastChild?.type.name === "original" ? doc.lastChild : quote;
  const own = plain.content.content.slice(0, -1);
  const above = own.length > 0 && isEmptyLine(own[0]) ? own : [schema.node("paragraph"), ...own];
  return schema.node("doc", null, [...above, original]);
}

function withText(doc: Node, text: string | undefined): Node {
  const last = doc.lastChild;
  if (text === undefined || last?.type.name !== "original") return doc;
  const original = schema.node("original", { ...last.attrs, text });
  return doc.copy(doc.content.replaceChild(doc.childCount - 1, original));
}
