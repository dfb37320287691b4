// Blanks that HTML would drop: at the ends of a line, and more than one in a row. Pure.

const FIRM = "\u00a0";

// A line with those blanks as no-break ones, by turns with plain ones, so that it can still wrap.
// Every "\n" ends a line; the length stays.
export function keepBlanks(text: string): string {
  return text.replaceAll(/ +/g, (run, at: number, whole: string) => {
    const { isFirst, isLast } = placeOf(run, at, whole);
    const end = run.length - 1;
    return Array.from(run, (blank, one) => {
      const isEdge = (isFirst && one === 0) || (isLast && one === end);
      return isEdge || (end - one) % 2 === 1 ? FIRM : blank;
    }).join("");
  });
}

// The input of `keepBlanks`. A single no-break blank between two words was somebody's choice.
export function releaseBlanks(text: string): string {
  return text.replaceAll(/[ \u00a0]+/g, (run, at: number, whole: string) => {
    const { isFirst, isLast } = placeOf(run, at, whole);
    return isFirst || isLast || run.length > 1 ? " ".repeat(run.length) : run;
  });
}

export function plainBlanks(text: string): string {
  return text.replaceAll(FIRM, " ");
}

function placeOf(run: string, at: number, whole: string): { isFirst: boolean; isLast: boolean } {
  const end = at + run.length;
  return {
    isFirst: at === 0 || whole[at - 1] === "\n",
    isLast: end === whole.length || whole[end] === "\n",
  };
}
