"""The way of a mail is put together from what was seen while it was under way."""

from tests.bench.chain import Mail, Step, chain

MAILS = [Mail(10.0, 10.005, 10.02), Mail(20.0, 20.007, 20.04)]


def test_steps_of_most_mails_are_ordered_by_their_median() -> None:
    seen = [(20.03, "tell"), (10.01, "tell"), (10.001, "store"), (20.003, "store")]

    steps = chain(MAILS, seen)

    assert [step.what for step in steps] == ["store", "250", "tell", "event heard"]
    assert [round(step.after, 3) for step in steps] == [2.0, 6.0, 20.0, 30.0]


def test_step_outside_of_every_mail_is_left_out() -> None:
    assert "sweep" not in [step.what for step in chain(MAILS, [(5.0, "sweep"), (15.0, "sweep")])]


def test_step_that_comes_twice_to_a_mail_is_counted() -> None:
    steps = chain(MAILS[:1], [(10.001, "store"), (10.002, "store")])

    assert [step.what for step in steps] == ["store", "store (2)", "250", "event heard"]
    assert isinstance(steps[0], Step)
