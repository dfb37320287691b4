"""Names and ids of contacts, whatever a mail shows."""

import pytest

from shared.domain.contacts.contact import LONGEST_NAME, Contact, Person, contact_id, learned_name


@pytest.mark.parametrize(
    ("shown", "kept"),
    [
        ("Ann Example", "Ann Example"),
        (" Ann\t\r\n Example ", "Ann Example"),
        ("'Ann Example'", "Ann Example"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}Ann\x00", "Ann"),
        ("\ud800Ann", "Ann"),
        ("boss@demo.example", ""),
        ("Ann <ann@example.org>", ""),
        ("", ""),
    ],
)
def test_a_learned_name_is_one_printable_line(shown: str, kept: str) -> None:
    assert learned_name(shown) == kept


def test_a_learned_name_has_a_bound() -> None:
    assert len(learned_name("x " * 1_000_000)) <= LONGEST_NAME


def test_the_id_of_an_address_is_that_of_earlier_releases() -> None:
    assert contact_id("Ann@Example.ORG") == contact_id("ann@example.org") == "438C4C7AFE600CDF"


def test_a_person_is_named_by_hand_before_by_mails() -> None:
    given = Contact("2", names=("bob",), name="Bob Example")

    assert Person(Contact("1", names=("A", "Ann"))).name == "Ann"
    assert Person(Contact("1", names=("Ann",)), (given,)).name == "Bob Example"
    assert Person(Contact("1")).name == ""


def test_mails_of_a_person_are_those_of_all_addresses_and_contacts() -> None:
    whole = Person(Contact("1", ("ann@example.org",)), (Contact("2", ("bob@example.org",)),))

    assert whole.mail_ids == {
        "1",
        "2",
        contact_id("ann@example.org"),
        contact_id("bob@example.org"),
    }
    assert whole.addresses == ("ann@example.org", "bob@example.org")
