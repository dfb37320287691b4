// The hours in which nothing sounds, by the clock on the wall. Pure.

const MINUTES_OF_HOUR = 60;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

// A time as a field of a form has it, or none.
export function isTime(text: unknown): boolean {
  return typeof text === "string" && (text === "" || TIME.test(text));
}

// Whether `now` is between both times; they may span midnight. Without one of them it never is.
export function isQuiet(from: string, to: string, now: Date): boolean {
  if (!TIME.test(from) || !TIME.test(to) || from === to) return false;
  const at = MINUTES_OF_HOUR * now.getHours() + now.getMinutes();
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  return begin < end ? begin <= at && at < end : at >= begin || at < end;
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return MINUTES_OF_HOUR * hours + minutes;
}
