"""How the gateway serves the files of the desktop."""

import gzip
import os
from pathlib import Path

import pytest

from services.gateway.desktop.built_files import BuiltFile, BuiltFiles
from services.gateway.desktop.pages import DesktopPages, preferred_coding
from services.gateway.errors import RequestError, Situation
from shared.bayeux.transports.web import Scope

INDEX = b"<!doctype html><title>Mailroom</title>"
SCRIPT = b"console.log('desktop');" * 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of a build: an index, and a script with its compressed forms."""
    (tmp_path / "assets").mkdir()
    script = tmp_path / "assets" / "index-Ab12.js"
    script.write_bytes(SCRIPT)
    script.with_name("index-Ab12.js.gz").write_bytes(gzip.compress(SCRIPT))
    script.with_name("index-Ab12.js.br").write_bytes(b"brotli")
    (tmp_path / "index.html").write_bytes(INDEX)
    return tmp_path


def scope(path: str, method: str = "GET", **headers: str) -> Scope:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "path": path, "headers": pairs}


def test_hashed_files_are_kept_for_ever(folder: Path) -> None:
    response = DesktopPages(BuiltFiles(folder)).response(scope("/desktop/assets/index-Ab12.js"))

    assert response is not None
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.body == SCRIPT


def test_index_is_asked_for_again_and_answered_by_304(folder: Path) -> None:
    pages = DesktopPages(BuiltFiles(folder))

    first = pages.response(scope("/desktop/"))
    assert first is not None
    again = pages.response(scope("/desktop/", if_none_match=first.headers["etag"]))

    assert first.headers["cache-control"] == "no-cache"
    assert again is not None
    assert (again.status_code, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("", "identity"),
        ("deflate", "identity"),
        ("gzip;q=7, \x00", "identity"),
    ],
)
def test_coding_is_the_best_that_is_allowed(accepted: str, coding: str) -> None:
    file = BuiltFile("text/css", True, {"br": b"1", "gzip": b"2", "identity": b"3"}, "tag")

    assert preferred_coding(accepted, file) == coding


def test_each_coding_has_a_tag_of_its_own(folder: Path) -> None:
    pages = DesktopPages(BuiltFiles(folder))

    answers = [
        pages.response(scope("/desktop/assets/index-Ab12.js", accept_encoding=one))
        for one in ("br", "gzip", "identity")
    ]

    assert len({one.headers["etag"] for one in answers if one}) == 3
    assert [one.headers.get("content-encoding") for one in answers if one] == ["br", "gzip", None]
    assert {one.headers["vary"] for one in answers if one} == {"Accept-Encoding"}


def test_title_is_text_and_not_markup(folder: Path) -> None:
    files = BuiltFiles(folder, title="<b>Post & Co</b>")

    index = files.get("")

    assert index is not None
    assert b"<title>&lt;b&gt;Post &amp; Co&lt;/b&gt;</title>" in index.codings["identity"]
    assert gzip.decompress(index.codings["gzip"]) == index.codings["identity"]


def test_without_a_build_the_page_names_the_command(tmp_path: Path) -> None:
    response = DesktopPages(BuiltFiles(tmp_path)).response(scope("/desktop/"))

    assert response is not None
    assert response.status_code == 503
    assert b"make desktop" in bytes(response.body)


def test_a_build_is_seen_without_a_restart(tmp_path: Path) -> None:
    pages = DesktopPages(BuiltFiles(tmp_path))
    before = pages.response(scope("/desktop/"))

    (tmp_path / "index.html").write_bytes(INDEX)
    built = pages.response(scope("/desktop/"))
    (tmp_path / "index.html").write_bytes(INDEX + b"2")
    os.utime(tmp_path / "index.html", ns=(1, 1))
    rebuilt = pages.response(scope("/desktop/"))

    assert [one.status_code for one in (before, built, rebuilt) if one] == [503, 200, 200]
    assert rebuilt is not None
    assert rebuilt.body == INDEX + b"2"


@pytest.mark.parametrize("path", ["/desktop/../secret", "/desktop//etc/passwd", "/desktop/x.js"])
def test_other_paths_below_it_are_not_found(folder: Path, path: str) -> None:
    (folder.parent / "secret").write_text("secret")

    with pytest.raises(RequestError) as refused:
        DesktopPages(BuiltFiles(folder)).response(scope(path))

    assert refused.value.situation is Situation.NOT_FOUND


@pytest.mark.parametrize("path", ["/", "/desktop"])
def test_root_leads_to_the_desktop(folder: Path, path: str) -> None:
    response = DesktopPages(BuiltFiles(folder)).response(scope(path))

    assert response is not None
    assert response.status_code == 307
    assert response.headers["location"] == "desktop/"


def test_desktop_cannot_be_written(folder: Path) -> None:
    with pytest.raises(RequestError) as refused:
        DesktopPages(BuiltFiles(folder)).response(scope("/desktop/", "POST"))

    assert refused.value.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_paths_of_the_api_are_not_the_desktops(folder: Path) -> None:
    assert DesktopPages(BuiltFiles(folder)).response(scope("/desktops")) is None
