"""Lists are filtered, cut to fields and paged."""

import pytest
from starlette.requests import Request

from services.gateway.errors import RequestError
from services.gateway.rest.list_parameters import listed, matches, read_listing

USERS = [
    {"id": f"{number}", "enabled": number != 2, "roles": ["A", "B"], "uri": f"/users/{number}"}
    for number in range(5)
]


def body(query: str) -> dict[str, object]:
    scope = {"type": "http", "method": "GET", "headers": [], "query_string": query.encode()}
    return listed("users", USERS, read_listing(Request(scope), at_most=100))


def test_without_fields_a_list_is_addresses() -> None:
    assert body("limit=2") == {"statusCode": 0, "uris": ["/users/0", "/users/1"]}


def test_with_fields_it_is_objects_under_the_resources_name() -> None:
    assert body("fields=*")["users"] == USERS


def test_named_fields_are_the_only_ones() -> None:
    assert body("fields=id,enabled,unknown&limit=1")["users"] == [{"id": "0", "enabled": True}]


@pytest.mark.parametrize(
    ("query", "ids"),
    [("enabled=false", ["2"]), ("id=3", ["3"]), ("id=3&enabled=false", []), ("colour=red", [])],
)
def test_filters_match_exactly(query: str, ids: list[str]) -> None:
    assert body(f"fields=id&{query}")["users"] == [{"id": one} for one in ids]


def test_a_list_value_matches_as_commas_write_it() -> None:
    assert matches({"roles": ["A", "B"]}, {"roles": "A,B"})


def test_total_count_is_of_all_matches_and_optional() -> None:
    assert body("fields=id&limit=1&totalCount=true&enabled=true")["totalCount"] == 4
    assert "totalCount" not in body("fields=id")


def test_a_page_begins_where_it_is_said() -> None:
    assert body("offset=3&limit=5")["uris"] == ["/users/3", "/users/4"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "offset=-1",
        "limit=%C2%B2",
        "totalCount=perhaps",
        "limit=00000000019999",
        "limit=0000000001" + 5_000 * "9",
        "limit=",
    ],
)
def test_number_out_of_range_is_refused(query: str) -> None:
    with pytest.raises(RequestError):
        body(query)
