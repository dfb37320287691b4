"""How many mails a source may hand in."""

from shared.peers.rate_limits import RateLimits


def test_source_may_hand_in_a_minutes_mails_at_once() -> None:
    limits = RateLimits(3)

    assert [limits.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 20]


def test_sources_do_not_count_for_each_other() -> None:
    limits = RateLimits(1)

    assert [limits.take("a", 0.0), limits.take("b", 0.0)] == [0, 0]


def test_bucket_fills_evenly_and_not_beyond_a_minute() -> None:
    limits = RateLimits(60)
    for _ in range(60):
        limits.take("a", 0.0)

    assert [limits.take("a", 2.0) for _ in range(3)] == [0, 0, 1]
    assert sum(limits.take("a", 10_000.0) == 0 for _ in range(100)) == 60


def test_source_that_waits_as_told_is_taken() -> None:
    limits = RateLimits(7)
    while not (wait := limits.take("a", 0.0)):
        pass

    assert limits.take("a", wait + 1e-6) == 0


def test_impatience_does_not_make_the_wait_longer() -> None:
    limits = RateLimits(1)
    limits.take("a", 0.0)
    for second in range(59):
        assert limits.take("a", float(second)) > 0

    assert limits.take("a", 60.0) == 0


def test_memory_for_sources_is_bounded() -> None:
    limits = RateLimits(1)
    for number in range(20_000):
        limits.take(str(number), 0.0)

    assert limits.take("0", 0.0) == 0
    assert limits.take("19999", 0.0) > 0
