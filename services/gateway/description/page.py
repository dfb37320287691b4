"""The API as one page for people: no script, and nothing from outside."""

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from services.gateway.description.document import openapi
from services.gateway.description.operations import OPERATIONS

_CODE: Final = re.compile(r"`([^`]+)`")
_SHAPE: Final = re.compile(r"(#/components/schemas/)(\w+)")

_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:58rem;margin:2rem auto;padding:0 1rem}
body{color:#1b1f24}
h1{margin-bottom:.2rem}h2{margin-top:2.5rem;border-bottom:1px solid #d0d7de}
details{border:1px solid #d0d7de;border-radius:6px;margin:.5rem 0;padding:.5rem .8rem}
summary{cursor:pointer}code,pre{font:13px/1.45 ui-monospace,monospace}
pre{background:#f6f8fa;padding:.7rem;border-radius:6px;overflow:auto}
.get,.post,.put,.delete{display:inline-block;width:4.8rem;font-weight:700}
.get{color:#0550ae}.post{color:#116329}.put{color:#9a6700}.delete{color:#a40e26}
.words{color:#57606a}nav a{margin-right:1rem}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}pre{background:#161b22}
.words{color:#8d96a0}.get{color:#79c0ff}.post{color:#7ee787}.put{color:#e3b341}.delete{color:#ff7b72}
details,h2{border-color:#30363d}a{color:#79c0ff}}
"""


def page() -> str:
    """Return the page as HTML."""
    document = openapi()
    tags = [tag["name"] for tag in document["tags"]]
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>Mailroom API</title><style>{_STYLE}</style></head><body><h1>Mailroom API</h1>",
        *(f"<p>{_words(one)}</p>" for one in document["info"]["description"].split("\n\n")),
        "<nav>",
        *(f"<a href='#{tag}'>{tag}</a>" for tag in tags),
        "<a href='#operations'>Operations</a><a href='openapi.json'>openapi.json</a></nav>",
        *(_section(tag, document["paths"]) for tag in tags),
        _operations(),
        _schemas(document["components"]["schemas"]),
        "</body></html>",
    ]
    return "\n".join(parts)


def _section(tag: str, paths: dict[str, Any]) -> str:
    calls = "\n".join(_calls(tag, paths))
    return f"<h2 id='{tag}'>{tag}</h2>\n{calls}" if calls else ""


def _calls(tag: str, paths: dict[str, Any]) -> Iterator[str]:
    for path, methods in paths.items():
        for method, call in methods.items():
            if tag in call["tags"]:
                yield _call(method, path, call)


def _call(method: str, path: str, call: dict[str, Any]) -> str:
    parameters = "".join(
        f"<li><code>{one['name']}</code> ({one['in']}) {_words(one.get('description', ''))}</li>"
        for one in call["parameters"]
    )
    (answer,) = call["responses"]["200"]["content"].items()
    return (
        f"<details><summary><span class={method}>{method.upper()}</span>"
        f"<code>/api/v2{escape(path)}</code> <span class=words>{_words(call['summary'])}</span>"
        f"</summary><ul>{parameters}</ul>{_request(call)}"
        f"<p>Answer, {escape(answer[0])}:</p>{_json(answer[1]['schema'])}</details>"
    )


def _request(call: dict[str, Any]) -> str:
    contents = call.get("requestBody", {}).get("content", {})
    return "".join(
        f"<p>Send, {escape(kind)}:</p>{_json(content['schema'])}"
        for kind, content in contents.items()
    )


def _operations() -> str:
    return "<h2 id=operations>Operations</h2>" + "\n".join(map(_described, OPERATIONS))


def _described(name: str) -> str:
    one = OPERATIONS[name]
    example = _json({"operationName": name, **one.example})
    return (
        f"<details id='{name}Operation'><summary><b>{name}</b> <span class=words>"
        f"{_words(one.summary)}</span></summary>"
        f"{example}<p>Answer:</p>{_json(one.answer)}</details>"
    )


def _schemas(schemas: dict[str, Any]) -> str:
    described = {f"{name}Operation" for name in OPERATIONS}
    shown = {name: one for name, one in schemas.items() if name not in described}
    return "<h2 id=shapes>Shapes</h2>" + "\n".join(
        f"<details id='{name}'><summary><b>{name}</b> <span class=words>"
        f"{_words(one.get('description', ''))}</span></summary>{_json(one)}</details>"
        for name, one in shown.items()
    )


def _words(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _json(value: object) -> str:
    text = escape(json.dumps(value, indent=2, ensure_ascii=False, default=dict), quote=False)
    return f"<pre>{_SHAPE.sub(_link, text)}</pre>"


def _link(shape: "re.Match[str]") -> str:
    return f"<a href='#{shape[2]}'>{shape[0]}</a>"
