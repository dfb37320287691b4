import { describe, expect, it } from "vitest";
import { TypedField, typedField } from "../src/mail/typed.svelte";

describe("TypedField", () => {
  it("follows the server until somebody types", () => {
    const field = new TypedField("old");

    field.hear("new");

    expect([field.value, field.isChanged]).toEqual(["new", false]);
  });

  it("keeps what is being typed while messages come", () => {
    const field = new TypedField("old");
    field.value = "half a sen";

    field.hear("old");
    field.hear("from a colleague");

    expect([field.value, field.isChanged]).toEqual(["half a sen", true]);
  });

  it("follows the server again after it was saved, however it was stored", () => {
    const field = new TypedField("");
    field.value = "called back ";

    field.saved("called back ");
    field.hear("called back");

    expect([field.value, field.isChanged]).toEqual(["called back", false]);
  });

  it("keeps what was typed while it was saved", () => {
    const field = new TypedField("");
    field.value = "called";
    field.value = "called back";

    field.saved("called");
    field.hear("called");

    expect([field.value, field.isChanged]).toEqual(["called back", true]);
  });
});

describe("typedField", () => {
  it("has unsaved words still when the mail is shown again", () => {
    typedField("1", "notes", "").value = "not saved yet";

    const other = typedField("2", "notes", "of the other");
    const again = typedField("1", "notes", "");

    expect(other.value).toBe("of the other");
    expect(again.value).toBe("not saved yet");
  });

  it("begins with the server's words where nothing is unsaved", () => {
    typedField("3", "notes", "old");

    expect(typedField("3", "notes", "new").value).toBe("new");
  });
});
