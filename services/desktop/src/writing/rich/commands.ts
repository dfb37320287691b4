// The commands of a formatted text, for its keys and its buttons.

import { baseKeymap, chainCommands, lift, setBlockType, toggleMark, wrapIn } from "prosemirror-commands";
import { history, redo, undo } from "prosemirror-history";
import { InputRule, inputRules, wrappingInputRule } from "prosemirror-inputrules";
import { keymap } from "prosemirror-keymap";
import type { Mark, MarkType, Node, NodeType } from "prosemirror-model";
import { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
import type { Command, EditorState, Plugin, Selection } from "prosemirror-state";
import { schema } from "./schema";

const { nodes, marks } = schema;
const node = (name: string): NodeType => nodes[name] as NodeType;
const mark = (name: string): MarkType => marks[name] as MarkType;

export type Format = "strong" | "em" | "underline" | "bullet_list" | "ordered_list" | "blockquote" | "link";

export function isActive({ selection, storedMarks, doc }: EditorState, format: Format): boolean {
  const { $from, from, to, empty } = selection;
  if (format in marks) {
    const type = mark(format);
    return empty ? Boolean(type.isInSet(storedMarks ?? $from.marks())) : doc.rangeHasMark(from, to, type);
  }
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    if ($from.node(depth).type.name === format) return true;
  }
  return false;
}

// Gives the selection a format, or takes it away where it has it.
export function toggle(format: Format): Command {
  return (state, dispatch, view) => {
    switch (format) {
      case "bullet_list":
      case "ordered_list":
        if (isActive(state, format)) return liftListItem(node("list_item"))(state, dispatch, view);
        return wrapInList(node(format))(state, dispatch, view);
      case "blockquote":
        if (isActive(state, format)) return lift(state, dispatch, view);
        return wrapIn(node(format))(state, dispatch, view);
      default:
        return toggleMark(mark(format))(state, dispatch, view);
    }
  };
}

// The words that a change of the link concerns: the selection, or all words of the link around the caret.
export function linkedRange({ $from, from, to, empty }: Selection): { from: number; to: number } {
  const around = linkOf($from.nodeBefore);
  if (!empty || !around || !linkOf($from.nodeAfter)?.eq(around)) return { from, to };
  const { parent } = $from;
  const isOfIt = (at: number): boolean => linkOf(parent.maybeChild(at))?.eq(around) ?? false;
  let first = $from.index();
  let end = first;
  while (isOfIt(first - 1)) first -= 1;
  while (isOfIt(end)) end += 1;
  return { from: $from.posAtIndex(first), to: $from.posAtIndex(end) };
}

function linkOf(node: Node | null): Mark | undefined {
  return node?.marks.find((one) => one.type.name === "link");
}

// Makes a link of the selection, or writes the address where nothing is selected. A link around the
// caret gets the address.
export function link(href: string): Command {
  return (state, dispatch) => {
    const { from, to } = linkedRange(state.selection);
    const type = mark("link");
    const change = state.tr;
    if (from === to) change.replaceSelectionWith(schema.text(href, [type.create({ href })]), false);
    else change.removeMark(from, to, type).addMark(from, to, type.create({ href }));
    dispatch?.(change.scrollIntoView());
    return true;
  };
}

export function unlink(state: EditorState, dispatch?: (change: EditorState["tr"]) => void): boolean {
  const { from, to } = linkedRange(state.selection);
  dispatch?.(state.tr.removeMark(from, to, mark("link")));
  return true;
}

const hardBreak: Command = (state, dispatch) => {
  dispatch?.(state.tr.replaceSelectionWith(node("hard_break").create()).scrollIntoView());
  return true;
};

// Tab is left alone: it leaves the text, as everywhere on the page.
export function plugins(onLink: () => void): Plugin[] {
  const item = node("list_item");
  return [
    history(),
    inputRules({
      rules: [
        wrappingInputRule(/^\s*[-*]\s$/, node("bullet_list")),
        wrappingInputRule(
          /^(\d{1,3})\.\s$/,
          node("ordered_list"),
          (found) => ({ order: Number(found[1]) }),
          (found, before) => before.childCount + before.attrs["order"] === Number(found[1]),
        ),
        wrappingInputRule(/^\s*>\s$/, node("blockquote")),
        linkRule(),
      ],
    }),
    keymap({
      "Mod-z": undo,
      "Mod-y": redo,
      "Shift-Mod-z": redo,
      "Mod-b": toggle("strong"),
      "Mod-i": toggle("em"),
      "Mod-u": toggle("underline"),
      "Mod-k": () => {
        onLink();
        return true;
      },
      "Shift-Mod-7": toggle("ordered_list"),
      "Shift-Mod-8": toggle("bullet_list"),
      "Mod-]": sinkListItem(item),
      "Mod-[": chainCommands(liftListItem(item), lift),
      Enter: splitListItem(item),
      "Shift-Enter": hardBreak,
      "Mod-Alt-0": setBlockType(node("paragraph")),
    }),
    // Mod-Enter sends the mail.
    keymap({ ...baseKeymap, "Mod-Enter": () => false }),
  ];
}

// An address becomes a link when a blank ends it.
function linkRule(): InputRule {
  return new InputRule(/(?:^|\s)(https?:\/\/[^\s<>"]{3,})\s$/, (state, found, _start, end) => {
    const address = (found[1] ?? "").replace(/[.,;:!?)]+$/, "");
    const from = end - (found[1] ?? "").length;
    const type = mark("link");
    if (state.doc.rangeHasMark(from, end, type)) return null;
    return state.tr
      .addMark(from, from + address.length, type.create({ href: address }))
      .insertText(" ", end)
      .removeStoredMark(type);
  });
}
