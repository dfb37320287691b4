// A formatted text in the two forms that a mail carries: HTML, and plain text beside it. Pure.

import { Fragment, type Mark, type Node } from "prosemirror-model";
import { CLOSING, OPENING } from "../formatted";
import { keepBlanks, plainBlanks, releaseBlanks } from "./blanks";
import { schema } from "./schema";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\u00a0": "&nbsp;",
};
// No mail program shows a tab of HTML.
const TAB = "    ";
const TAGS: Readonly<Record<string, string>> = {
  paragraph: "p",
  blockquote: "blockquote",
  bullet_list: "ul",
  ordered_list: "ol",
  list_item: "li",
  strong: "strong",
  em: "em",
  underline: "u",
};

export function escaped(text: string): string {
  return text.replaceAll(/[&<>"\u00a0]/g, (one) => ENTITIES[one] ?? one);
}

export function htmlOf(doc: Node): string {
  return `${OPENING}${inside(doc)}${CLOSING}`;
}

function inside(node: Node): string {
  const pieces: string[] = [];
  node.forEach((child) => pieces.push(htmlOfNode(child)));
  return pieces.join("");
}

function htmlOfNode(node: Node): string {
  if (node.type.name === "original") return node.attrs["html"] as string;
  const tag = TAGS[node.type.name] ?? "p";
  const content = node.isTextblock ? insideLine(node) : inside(node);
  const start = node.attrs["order"] > 1 ? ` start="${node.attrs["order"]}"` : "";
  // An empty paragraph has no height in most programs.
  return `<${tag}${start}>${content || (tag === "p" ? "<br>" : "")}</${tag}>`;
}

function insideLine(block: Node): string {
  const pieces = block.children.map((one) => (one.isText ? (one.text ?? "").replaceAll("\t", TAB) : "\n"));
  const kept = keepBlanks(pieces.join(""));
  let end = 0;
  return block.children
    .map((one, at) => {
      const text = kept.slice(end, (end += pieces[at]?.length ?? 0));
      return one.isText ? one.marks.reduceRight(wrapped, escaped(text)) : "<br>";
    })
    .join("");
}

// A document that was read from HTML, with the blanks that were written.
export function withBlanks(node: Node): Node {
  if (!node.isTextblock) return node.copy(Fragment.from(node.children.map(withBlanks)));
  const released = releaseBlanks(node.textBetween(0, node.content.size, null, "\n"));
  let end = 0;
  const content = node.children.map((one) => {
    const text = released.slice(end, (end += one.nodeSize));
    return one.isText ? schema.text(text, one.marks) : one;
  });
  return node.copy(Fragment.from(content));
}

function wrapped(html: string, mark: Mark): string {
  if (mark.type.name === "link") return `<a href="${escaped(mark.attrs["href"])}">${html}</a>`;
  const tag = TAGS[mark.type.name] ?? "span";
  return `<${tag}>${html}</${tag}>`;
}

export function textOf(doc: Node): string {
  return plainBlanks(blocks(doc).join("\n")).replace(/\n+$/, "");
}

// One line for each paragraph, as in the plain editor; quotes and lists are marked at the line.
// An empty line keeps two quotes apart, of which only one is the mail that is answered.
function blocks(parent: Node): string[] {
  const lines: string[] = [];
  parent.forEach((node) => {
    switch (node.type.name) {
      case "original":
        lines.push(...apart(lines), ...quoted((node.attrs["text"] as string).split("\n")));
        return;
      case "blockquote":
        lines.push(...apart(lines), ...quoted(blocks(node)));
        return;
      case "bullet_list":
      case "ordered_list":
        lines.push(...listed(node));
        return;
      case "list_item":
        return;
      default:
        lines.push(...lineOf(node).split("\n"));
    }
  });
  return lines;
}

function apart(above: readonly string[]): string[] {
  return above.at(-1)?.startsWith(">") ? [""] : [];
}

function quoted(lines: string[]): string[] {
  return lines.map((line) => (line === "" ? ">" : `> ${line}`));
}

function listed(list: Node): string[] {
  const lines: string[] = [];
  list.forEach((item, _offset, at) => {
    const mark = list.type.name === "ordered_list" ? `${list.attrs["order"] + at}. ` : "- ";
    blocks(item).forEach((line, row) => lines.push((row === 0 ? mark : " ".repeat(mark.length)) + line));
  });
  return lines;
}

function lineOf(paragraph: Node): string {
  let line = "";
  paragraph.forEach((node, _offset, at) => {
    line += node.isText ? (node.text ?? "") : "\n";
    const href = hrefOf(node);
    const next = at + 1 < paragraph.childCount ? paragraph.child(at + 1) : null;
    // An address stands once behind the words that lead to it.
    if (href && (!next || hrefOf(next) !== href)) line += addressBehind(paragraph, at, href);
  });
  return line;
}

function hrefOf(node: Node): string {
  return (node.marks.find((one) => one.type.name === "link")?.attrs["href"] as string) ?? "";
}

function addressBehind(paragraph: Node, at: number, href: string): string {
  let words = "";
  for (let one = at; one >= 0 && hrefOf(paragraph.child(one)) === href; one -= 1) {
    words = (paragraph.child(one).text ?? "") + words;
  }
  const bare = (address: string): string => address.replace(/^(?:https?:\/\/|mailto:|tel:)/i, "").replace(/\/$/, "");
  return bare(words) === bare(href) ? "" : ` <${href.replace(/^mailto:/i, "")}>`;
}

// Plain text as a formatted one. Its last quote becomes the original, where only empty lines follow:
// `html` where that is known.
export function docOfText(text: string, html = ""): Node {
  const lines = text.split("\n");
  const end = lines.findLastIndex((line) => line !== "") + 1;
  const first = lines.findLastIndex((line, at) => at < end && !line.startsWith(">")) + 1;
  const hasQuote = first < end;
  const own = (hasQuote ? lines.slice(0, first) : lines).map((line) =>
    schema.node("paragraph", null, line ? [schema.text(line)] : []),
  );
  if (!hasQuote) return schema.node("doc", null, own);
  const words = lines.slice(first, end).map((line) => line.replace(/^> ?/, ""));
  const original = originalOf(words.join("\n").replace(/\n+$/, ""), html);
  // Somebody can always write above the quote, and below.
  return schema.node("doc", null, [...(own.length > 0 ? own : [schema.node("paragraph")]), original]);
}

export function originalOf(text: string, html = ""): Node {
  const lines = keepBlanks(text.replaceAll("\t", TAB)).split("\n").map(escaped).join("<br>");
  return schema.node("original", { text, html: html || `<blockquote type="cite">${lines}</blockquote>` });
}

// Whether turning it into plain text loses something.
export function hasFormat(doc: Node): boolean {
  let found = false;
  doc.descendants((node) => {
    found ||= node.marks.length > 0 || /list|blockquote/.test(node.type.name) || hasDesign(node);
  });
  return found;
}

// Whether a quoted mail is more than the lines of its text: then it has further tags.
function hasDesign({ type, attrs }: Node): boolean {
  if (type.name !== "original") return false;
  const inside = (attrs["html"] as string).replace(/^<blockquote\b[^>]*>/i, "").replace(/<\/blockquote>\s*$/i, "");
  return /<(?!br\s*\/?>)/i.test(inside);
}

export function isEmptyLine(node: Node | null | undefined): boolean {
  return node?.type.name === "paragraph" && node.content.eq(Fragment.empty);
}
