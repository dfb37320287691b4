// The elements that a formatted mail may hold: few enough that every mail program shows it alike.

import { type DOMOutputSpec, type MarkSpec, type NodeSpec, Schema } from "prosemirror-model";
import { safeLink } from "./links";
import { isBold, isItalic, isLight, putBack, STYLED } from "./styles";

const QUOTE = "blockquote[type=cite]";

const quoteOf = (node: HTMLElement): { html: string; text: string } => ({
  html: putBack(node.outerHTML),
  text: node.textContent ?? "",
});

const linesOf = (text: string): DOMOutputSpec[] => text.split("\n").map((line) => ["p", line]);

const isLast = (node: HTMLElement): boolean =>
  node.nextSibling === null && /^(?:P|LI|DIV|H\d)$/.test(node.parentElement?.nodeName ?? "");

const nodes: Record<string, NodeSpec> = {
  doc: { content: "block+" },
  paragraph: {
    content: "inline*",
    group: "block",
    parseDOM: [{ tag: "p" }, ...["h1", "h2", "h3", "h4", "h5", "h6"].map((tag) => ({ tag }))],
    toDOM: () => ["p", { dir: "auto" }, 0],
  },
  // The mail that is answered, exactly as it was quoted: removed as a whole, never changed.
  original: {
    group: "block",
    atom: true,
    selectable: true,
    attrs: { html: { default: "" }, text: { default: "" } },
    parseDOM: [{ tag: QUOTE, priority: 60, getAttrs: quoteOf }],
    // Copied words go through this form, and is pasted as an own quote.
    toDOM: (node) => ["blockquote", ...linesOf(node.attrs["text"])],
  },
  blockquote: {
    content: "block+",
    group: "block",
    defining: true,
    parseDOM: [{ tag: "blockquote" }],
    toDOM: () => ["blockquote", 0],
  },
  bullet_list: {
    content: "list_item+",
    group: "block",
    parseDOM: [{ tag: "ul" }],
    toDOM: () => ["ul", 0],
  },
  ordered_list: {
    content: "list_item+",
    group: "block",
    attrs: { order: { default: 1 } },
    parseDOM: [
      { tag: "ol", getAttrs: (node) => ({ order: Number(node.getAttribute("start")) || 1 }) },
    ],
    toDOM: (node) => ["ol", { start: node.attrs["order"] }, 0],
  },
  list_item: {
    content: "paragraph block*",
    defining: true,
    parseDOM: [{ tag: "li" }],
    toDOM: () => ["li", 0],
  },
  text: { group: "inline" },
  hard_break: {
    inline: true,
    group: "inline",
    selectable: false,
    parseDOM: [
      // The last of a paragraph only gives an empty one its height.
      { tag: "br", priority: 60, ignore: true, getAttrs: (node) => (isLast(node) ? null : false) },
      { tag: "br" },
    ],
    toDOM: () => ["br"],
  },
};

const marks: Record<string, MarkSpec> = {
  link: {
    attrs: { href: {} },
    inclusive: false,
    parseDOM: [
      {
        tag: "a[href]",
        getAttrs: (node) => {
          const href = safeLink(node.getAttribute("href") ?? "");
          return href ? { href } : false;
        },
      },
    ],
    toDOM: (mark) => ["a", { href: mark.attrs["href"], rel: "noopener noreferrer" }, 0],
  },
  strong: {
    parseDOM: [
      // Google's documents wrap everything in one that is not bold.
      { tag: "b", getAttrs: (node) => (isLight(node) ? false : null) },
      { tag: "strong" },
      { tag: `span${STYLED}`, consuming: false, getAttrs: (node) => (isBold(node) ? null : false) },
    ],
    toDOM: () => ["strong", 0],
  },
  em: {
    parseDOM: [
      { tag: "i" },
      { tag: "em" },
      { tag: `span${STYLED}`, consuming: false, getAttrs: (node) => (isItalic(node) ? null : false) },
    ],
    toDOM: () => ["em", 0],
  },
  underline: { parseDOM: [{ tag: "u" }], toDOM: () => ["u", 0] },
};

export const schema = new Schema({ nodes, marks });
