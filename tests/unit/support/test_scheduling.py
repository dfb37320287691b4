"""How a run's files are spread over the processes."""

import pytest

from tests.support.scheduling import SystemScheduling


@pytest.mark.parametrize(
    ("file", "scope"),
    [
        ("tests/contract/test_inbound.py", "contract"),
        ("tests/journeys/test_imap.py", "journeys"),
        ("tests/faults/test_poison.py", "faults"),
        ("tests/faults/test_pods.py", "tests/faults/test_pods.py"),
        ("tests/unit/domain/test_ids.py", "tests/unit/domain/test_ids.py"),
    ],
)
def test_files_on_one_system_go_to_one_process(file: str, scope: str) -> None:
    # The rest of a scheduler needs the processes of a run.
    scheduling = object.__new__(SystemScheduling)

    assert scheduling._split_scope(f"{file}::test_name[a/b-c]") == scope
