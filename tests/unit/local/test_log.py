"""One log of many processes."""

import pytest

from deploy.local.processes.log import Log


def test_every_line_names_its_writer_in_one_column() -> None:
    log = Log(("ingest", "composition"), coloured=False)

    lines = [log.line("ingest", "a mail"), log.line("composition", "a draft")]

    assert lines == ["ingest      | a mail", "composition | a draft"]


def test_a_terminal_sees_each_writer_in_its_own_colour() -> None:
    log = Log(("ingest", "gateway"), coloured=True)

    lines = [log.line("ingest", "a"), log.line("gateway", "b")]

    assert lines == ["\x1b[36mingest  |\x1b[0m a", "\x1b[33mgateway |\x1b[0m b"]


def test_a_file_sees_no_colour(capsys: pytest.CaptureFixture[str]) -> None:
    Log(("ingest",)).write("ingest", "a mail")

    assert capsys.readouterr().out == "ingest | a mail\n"
