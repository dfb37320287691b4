import { describe, expect, it, test } from "vitest";
import { isFormatted } from "../src/writing/formatted";
import { docOfText, hasFormat, htmlOf, originalOf, textOf } from "../src/writing/rich/forms";
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

describe("a plain text that gets a format", () => {
  it.each([
    "Dear Ann,\n\nyes.\n\nOn Monday, Ann wrote:\n> first\n>\n> > older\n> last",
    "> only a quote",
    "no quote\n\nat all",
    "a > b",
  ])("stays the same text: %o", (text) => {
    expect(textOf(docOfText(text)).trimStart()).toBe(text);
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
