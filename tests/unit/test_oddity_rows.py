"""Every row of the oddities' table has a test that is named after it."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
FOLDERS = ("connected/gateway/oddities", "contract")

ROWS = {
    1: "two dialects of answers",
    2: "a status that is a number",
    3: "an empty success",
    4: "two names of a transfer",
    5: "transfer of a draft",
    6: "target of a transfer",
    7: "capabilities are no operations",
    8: "names of the older release",
    9: "the id that Create does not return",
    10: "whose id a reply returns",
    11: "all of ReplyAll",
    12: "sender of a reply",
    13: "quoting by default",
    14: "content of a workbin",
    15: "identifiers of a workbin",
    16: "the way out of a workbin",
    17: "bodies of user data",
    18: "values of deleted keys",
    19: "spellings of a mail's fields",
    20: "a reference that is a number",
    21: "type to create",
    22: "subtype of a new mail",
    23: "messages that are not printed",
    24: "two names of a message's type",
    25: "flat or nested messages",
    26: "spellings of the topic",
    27: "the id inside the mail",
    28: "broken samples",
    29: "when a draft was received",
    30: "type and size of a file",
    31: "what Cancel cancels",
    32: "redirect",
    33: "queueing of drafts",
    34: "attachments are not for scripts",
    35: "PUT",
    36: "all interactions for everybody",
    37: "binary user data",
    38: "who gets what was rejected",
    39: "types of entities",
    40: "a torn sample",
    41: "an invitation before the subscription",
}


def rows_with_a_test() -> set[int]:
    return {
        int(found)
        for folder in FOLDERS
        for file in (TESTS / folder).glob("test_*.py")
        for found in re.findall(r"def test_oddity_(\d\d)_", file.read_text())
    }


def test_the_table_has_all_its_rows() -> None:
    assert list(ROWS) == list(range(1, 42))


def test_every_row_has_a_test_and_every_such_test_a_row() -> None:
    assert rows_with_a_test() == set(ROWS)
