"""Validation errors in plain words."""

from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.contracts.wording import in_words


@pytest.mark.parametrize("given", ["yesterday", "2026-13-01", "2026-11-01T08:00", ["2026"], True])
def test_value_that_is_no_date_is_told_how_one_looks(given: object) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(date).validate_python(given)

    (error,) = caught.value.errors()
    assert in_words(error["type"], error["msg"]) == "has to be a date, such as 2026-11-01"
