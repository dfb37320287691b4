"""Entries expire after five seconds, and their number is limited."""

from shared.bayeux.ttl_cache import MAX_ENTRIES, TtlCache


def memory() -> TtlCache[str, str | None]:
    short = TtlCache[str, str | None]()
    short.put("anna", "agent", now=100.0)
    return short


def recalled(short: TtlCache[str, str | None], key: str, now: float) -> str | None:
    known = short.recall(key, now=now)
    return "nothing" if known is None else known.value


def test_a_value_is_known_for_five_seconds() -> None:
    assert recalled(memory(), "anna", now=104.9) == "agent"
    assert recalled(memory(), "anna", now=105.0) == "nothing"


def test_that_there_is_none_is_known_as_well() -> None:
    short = memory()

    short.put("nobody", None, now=100.0)

    assert recalled(short, "nobody", now=101.0) is None


def test_entry_with_an_earlier_end_is_known_until_then() -> None:
    short = memory()

    short.put("bert", "guest", now=100.0, until=101.0)

    assert recalled(short, "bert", now=100.9) == "guest"
    assert recalled(short, "bert", now=101.0) == "nothing"


def test_forgotten_entry_is_unknown() -> None:
    short = memory()

    short.forget("anna")
    short.forget("nobody")

    assert recalled(short, "anna", now=100.0) == "nothing"


def test_so_much_is_known_and_no_more() -> None:
    short = memory()

    for number in range(MAX_ENTRIES):
        short.put(str(number), "guest", now=100.0)

    assert recalled(short, "anna", now=100.0) == "nothing"
    assert recalled(short, str(MAX_ENTRIES - 1), now=100.0) == "guest"


def test_expired_entries_make_room_for_others() -> None:
    short = memory()
    for number in range(MAX_ENTRIES - 1):
        short.put(str(number), "guest", now=100.0 if number < MAX_ENTRIES * 0.6 else 104.0)

    short.put("one more", "guest", now=106.0)

    assert recalled(short, str(MAX_ENTRIES - 2), now=106.0) == "guest"
    assert recalled(short, "one more", now=106.0) == "guest"
