"""The text of an acknowledgement is checked before it is put in force."""

import pytest
from pydantic import ValidationError

from shared.contracts.acknowledgement import Acknowledgement
from shared.contracts.templates import fill


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hello {{ contact.name | customer }}!", "Hello customer!"),
        ("{{original.subject}} {{ date }}", "Invoice "),
        ("no field", "no field"),
    ],
)
def test_fields_are_filled_or_have_their_default(template: str, expected: str) -> None:
    assert fill(template, {"original.subject": "Invoice", "contact.name": ""}) == expected


def test_filled_value_is_no_template() -> None:
    assert fill("{{ original.subject }}", {"original.subject": "{{ date }}"}) == "{{ date }}"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": "Hello {{ contact.password }}"}, "there is no field 'contact.password'"),
        ({"text": "Hello {{ contact.name"}, "a field looks like"),
        ({"text": ""}, "at least 1 item"),
        ({"text": "x", "subject": "a\nBcc: b@c.d"}, "pattern"),
        ({"text": "x", "once_per": 60}, "greater than or equal to 1 hour"),
    ],
)
def test_wrong_acknowledgement_is_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Acknowledgement.model_validate(fields)

    assert words in str(caught.value)
