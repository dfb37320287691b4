// Fields beside a mail that the server may change while an agent types in them.

export class TypedField {
  value = $state("");
  #stored = $state("");

  constructor(stored: string) {
    this.value = stored;
    this.#stored = stored;
  }

  get isChanged(): boolean {
    return this.value !== this.#stored;
  }

  // Takes what the server has now; what the agent has typed stays until it is saved.
  hear(stored: string): void {
    if (!this.isChanged) this.value = stored;
    this.#stored = stored;
  }

  saved(value: string): void {
    this.#stored = value;
  }
}

const fields = new Map<string, TypedField>();

// The field of a mail. Typed words that are not saved are there again when the mail is shown again.
export function typedField(id: string, name: string, stored: string): TypedField {
  for (const [key, field] of fields) {
    if (!field.isChanged && !key.startsWith(`${id} `)) fields.delete(key);
  }
  const key = `${id} ${name}`;
  const field = fields.get(key) ?? new TypedField(stored);
  field.hear(stored);
  fields.set(key, field);
  return field;
}
