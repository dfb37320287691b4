import { expect, it } from "vitest";
import { ApiError } from "../src/api/client";
import { wordsForError } from "../src/worklist/reasons";
import { en } from "../src/words/en";

it.each([
  [new ApiError(0, 0, ""), en.tryAgain],
  [new ApiError(503, 0, "no broker"), en.tryAgain],
  [new ApiError(429, 0, "", 5), en.tooMany(5)],
  [new ApiError(409, 9, "busy", 1), en.inProgress],
  [new ApiError(409, 9, "not allowed in this state"), "not allowed in this state"],
  [new ApiError(412, 9, "precondition failed"), en.outOfDate],
  [new ApiError(400, 1, "no such queue"), "no such queue"],
  [new ApiError(500, 0, ""), "500"],
  [new TypeError("broken"), "broken"],
])("says of %s what to do", (error, words) => {
  expect(wordsForError(en, error)).toBe(words);
});
