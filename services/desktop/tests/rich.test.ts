import { EditorState, TextSelection } from "prosemirror-state";
import { describe, expect, it, test } from "vitest";
import { isFormatted } from "../src/writing/formatted";
import { keepBlanks, releaseBlanks } from "../src/writing/rich/blanks";
import { link, linkedRange, unlink } from "../src/writing/rich/commands";
import { docOfText, hasFormat, htmlOf, originalOf, textOf, withBlanks } from "../src/writing/rich/forms";
import { safeLink } from "../src/writing/rich/links";
import { schema } from "../src/writing/rich/schema";
import { isBold, isItalic, isLight, putBack, quieted, setAside } from "../src/writing/rich/styles";

const words = (text: string, ...names: string[]) =>
  schema.text(text, names.map((name) => schema.mark(name, name === "link" ? { href: "https://example.org/a?b&c" } : null)));
const paragraph = (...inside: ReturnType<typeof words>[]) => schema.node("paragraph", null, inside);
const doc = (...blocks: ReturnType<typeof paragraph>[]) => schema.node("doc", null, blocks);
const item = (...blocks: ReturnType<typeof paragraph>[]) => schema.node("list_item", null, blocks);

const LIST = schema.node("ordered_list", { order: 3 }, [
  item(paragraph(words("one"))),
  item(paragraph(words("two")), schema.node("bullet_list", null, [item(paragraph(words("in")))])),
]);

describe("the HTML of a formatted text", () => {
  it("holds nothing that was typed as markup", () => {
    const html = htmlOf(doc(paragraph(words(`<img src=x onerror="alert(1)"> & "so"`))));

    expect(html).toBe(
      "<div><p>&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &quot;so&quot;</p></div>",
    );
    expect(isFormatted(html)).toBe(true);
  });

  it("has formats, lists and links", () => {
    const html = htmlOf(doc(paragraph(words("a", "strong", "em"), words("b", "link")), paragraph(), LIST));

    expect(html).toBe(
      "<div><p><strong><em>a</em></strong>" +
        '<a href="https://example.org/a?b&amp;c">b</a></p><p><br></p>' +
        '<ol start="3"><li><p>one</p></li><li><p>two</p><ul><li><p>in</p></li></ul></li></ol></div>',
    );
  });

  it("has the quoted mail as it was", () => {
    const quote = '<blockquote type="cite"><table style="color:red"><tr><td>x</td></tr></table></blockquote>';

    expect(htmlOf(doc(paragraph(), originalOf("x", quote)))).toBe(`<div><p><br></p>${quote}</div>`);
  });
});

describe("blanks", () => {
  it.each([
    ["  Total:    5 EUR ", "\u00a0 Total:\u00a0 \u00a0 5 EUR\u00a0"],
    ["a b", "a b"],
    ["a  b", "a\u00a0 b"],
    [" ", "\u00a0"],
    ["a \n b", "a\u00a0\n\u00a0b"],
  ])("of %o are kept in HTML", (line, kept) => {
    expect(keepBlanks(line)).toBe(kept);
  });

  it.each(["    Total:      5 EUR", " a", "a ", "  ", "a  b   c    d", " \n  \na \n b", "10\u00a0EUR"])(
    "of %o come back, and no browser drops one",
    (line) => {
      const kept = keepBlanks(line);

      expect(kept).not.toMatch(/^ | $| {2}| \n|\n /);
      expect(releaseBlanks(kept)).toBe(line);
    },
  );

  it("are kept over formats and line breaks, and are plain in the text", () => {
    const broken = schema.node("paragraph", null, [
      words(" a "),
      words(" b", "strong"),
      schema.node("hard_break"),
      words(" c"),
    ]);

    expect(htmlOf(doc(broken))).toBe(
      "<div><p>&nbsp;a&nbsp;<strong> b</strong><br>&nbsp;c</p></div>",
    );
    expect(textOf(doc(paragraph(words("\u00a0a\u00a0 b"))))).toBe(" a  b");
  });

  it("of a document that was read are those that were written", () => {
    const read = doc(paragraph(words("\u00a0a\u00a0"), words(" b\u00a0c", "strong")), LIST);

    expect(withBlanks(read)).toEqual(doc(paragraph(words(" a "), words(" b\u00a0c", "strong")), LIST));
  });

  it("of a quoted text and of tabs are kept", () => {
    expect(originalOf("a\n  b").attrs["html"]).toBe('<blockquote type="cite">a<br>&nbsp; b</blockquote>');
    expect(htmlOf(doc(paragraph(words("a\tb"))))).toBe("<div><p>a&nbsp; &nbsp; b</p></div>");
  });
});

describe("the plain text beside it", () => {
  it("has a line for each paragraph and marks lists and quotes", () => {
    const quote = schema.node("blockquote", null, [paragraph(words("said")), paragraph()]);

    expect(textOf(doc(paragraph(words("Dear")), paragraph(), LIST, quote))).toBe(
      "Dear\n\n3. one\n4. two\n   - in\n> said\n>",
    );
  });

  it.each([
    ["here", "here <https://example.org/a?b&c>"],
    ["example.org/a?b&c", "example.org/a?b&c"],
    ["https://example.org/a?b&c", "https://example.org/a?b&c"],
  ])("of the link %s is %s", (label, text) => {
    expect(textOf(doc(paragraph(words(label, "link"), words(".", "strong"))))).toBe(`${text}.`);
  });

  it("names an address once where its words have two formats", () => {
    const link = paragraph(words("he", "link"), words("re", "strong", "link"));

    expect(textOf(doc(link))).toBe("here <https://example.org/a?b&c>");
  });
});

describe("an own quote above the quoted mail", () => {
  const own = schema.node("blockquote", null, [paragraph(words("own"))]);

  it.each([
    ["directly", doc(own, originalOf("theirs")), "> own\n\n> theirs"],
    ["with an empty line between", doc(own, paragraph(), originalOf("theirs")), "> own\n\n> theirs"],
    ["that was typed", doc(paragraph(words("> own")), originalOf("theirs")), "> own\n\n> theirs"],
    ["of two", doc(own, own), "> own\n\n> own"],
  ])("stays apart: %s", (_how, made, text) => {
    expect(textOf(made)).toBe(text);
  });

  it("is no part of the quoted mail when the text is read again", () => {
    const again = docOfText("> own\n\n> theirs\n>\n> more\n");

    expect(again.lastChild?.attrs["text"]).toBe("theirs\n\nmore");
    expect(textOf(again)).toBe("> own\n\n> theirs\n>\n> more");
  });
});

describe("a link at the caret", () => {
  const linked = paragraph(words("see "), words("he", "link"), words("re", "strong", "link"), words(" now"));
  const at = (from: number, to = from) => {
    const made = doc(linked);
    return EditorState.create({ doc: made, selection: TextSelection.create(made, from, to) });
  };
  const after = (state: EditorState, command: typeof unlink) => {
    let next = state;
    command(state, (change) => (next = state.apply(change)));
    return next.doc;
  };

  it.each([
    ["in its first word", 6, { from: 5, to: 9 }],
    ["between two formats", 7, { from: 5, to: 9 }],
    ["at its end", 9, { from: 9, to: 9 }],
    ["outside", 2, { from: 2, to: 2 }],
  ])("is taken as a whole: %s", (_where, caret, range) => {
    expect(linkedRange(at(caret).selection)).toEqual(range);
  });

  it("gets another address on all its words", () => {
    const changed = after(at(7), link("https://example.org/other"));

    expect(textOf(changed)).toBe("see here <https://example.org/other> now");
  });

  it("is cleared as a whole", () => {
    expect(textOf(after(at(6), unlink))).toBe("see here now");
  });

  it("leaves a chosen part alone", () => {
    expect(textOf(after(at(5, 7), unlink))).toBe("see here <https://example.org/a?b&c> now");
  });
});

describe("a plain text that gets a format", () => {
  it.each([
    "Dear Ann,\n\nyes.\n\nOn Monday, Ann wrote:\n> first\n>\n> > older\n> last",
    "> only a quote",
    "> own\n\n> theirs",
    "  Total:    5 EUR",
    "no quote\n\nat all",
    "a > b",
  ])("stays the same text: %o", (text) => {
    expect(textOf(docOfText(text)).replace(/^\n/, "")).toBe(text);
  });

  it("has its trailing quote as one piece, with room above", () => {
    const made = docOfText("> first\n> <last>\n");

    expect(made.childCount).toBe(2);
    expect(made.lastChild?.attrs["html"]).toBe('<blockquote type="cite">first<br>&lt;last&gt;</blockquote>');
    expect(hasFormat(made)).toBe(false);
  });

  it("loses nothing where it is plain", () => {
    expect(hasFormat(doc(paragraph(words("plain"))))).toBe(false);
    expect(hasFormat(doc(paragraph(words("bold", "strong"))))).toBe(true);
    expect(hasFormat(doc(LIST))).toBe(true);
  });

  it.each([
    ['<blockquote type="cite">"Hi"<br>  you<br></blockquote>', false],
    ['<blockquote type="cite"><p>Hi</p></blockquote>', true],
    ['<blockquote type="cite">Hi <img src="cid:1"></blockquote>', true],
  ])("loses the design of the quoted mail where it has one: %s", (html, isLost) => {
    expect(hasFormat(doc(paragraph(), originalOf('"Hi"\n  you', html)))).toBe(isLost);
  });
});

test.each([
  ["example.org", "https://example.org"],
  ["example.org:8080/a", "https://example.org:8080/a"],
  ["//example.org", "https://example.org"],
  [" https://example.org/a b ", "https://example.org/ab"],
  ["ann@example.org", "mailto:ann@example.org"],
  ["tel:+49301234", "tel:+49301234"],
  ["javascript:alert(1)", ""],
  ["java\tscript:alert(1)", ""],
  ["JAVASCRIPT:alert(1)", ""],
  ["data:text/html,x", ""],
  ["vbscript:x", ""],
  ["", ""],
  ["https://", ""],
  [`https://example.org/${"a".repeat(3000)}`, ""],
])("%o as a link is %o", (typed, href) => {
  expect(safeLink(typed)).toBe(href);
});

describe("styles", () => {
  it("are set aside in tags only, and come back as they were", () => {
    const html = '<p style="color:red" title="x">a style="b"</p><td STYLE = "x">';

    expect(setAside(html)).toBe(
      '<p data-mailroom-style="color:red" title="x">a style="b"</p><td data-mailroom-style= "x">',
    );
    expect(putBack(setAside('<p style="color:red">a</p>'))).toBe('<p style="color:red">a</p>');
  });

  it("and what would run are quieted in what is pasted", () => {
    const pasted = `<style>p{}</style><p onclick="x" style="a">on = b</p><script>x</script >`;

    expect(quieted(pasted)).toBe('<p data-onclick="x" data-mailroom-style="a">on = b</p>');
  });

  it.each([
    ["font-weight:700", [true, false, false]],
    ["font-weight: bold; font-style: italic", [true, false, true]],
    ["font-weight:normal", [false, true, false]],
    ["color:red", [false, false, false]],
  ])("of %s are bold, light, italic: %o", (style, expected) => {
    const element = { getAttribute: () => style };

    expect([isBold(element), isLight(element), isItalic(element)]).toEqual(expected);
  });
});
