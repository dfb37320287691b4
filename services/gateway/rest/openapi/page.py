"""The API as one HTML page: without scripts, and nothing is loaded from elsewhere."""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from services.gateway.http.api_root import PREFIX
from services.gateway.operations.registry import DESCRIBED, ON_INTERACTIONS
from services.gateway.rest.openapi.curl import COMETD, VARIABLES, cometd_line, curl_line
from services.gateway.rest.openapi.messages import TOPICS, Topic

_CODE: Final = re.compile(r"`([^`]+)`")
_SCHEMA_NAME: Final = re.compile(r"(#/components/schemas/)(\w+)")

_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:58rem;margin:2rem auto;padding:0 1rem}
body{color:#1b1f24}
h1{margin-bottom:.2rem}h2{margin-top:2.5rem;border-bottom:1px solid #d0d7de}
details{border:1px solid #d0d7de;border-radius:6px;margin:.5rem 0;padding:.5rem .8rem}
summary{cursor:pointer}code,pre{font:13px/1.45 ui-monospace,monospace}
pre{background:#f6f8fa;padding:.7rem;border-radius:6px;overflow:auto}
.curl{white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid #8c959f}
details details{border:0;padding:0}h3{margin-top:1.8rem;overflow-wrap:anywhere}
code,summary b{overflow-wrap:anywhere}pre code{overflow-wrap:normal}
.get,.post,.put,.delete{display:inline-block;width:4.8rem;font-weight:700}
.get{color:#0550ae}.post{color:#116329}.put{color:#9a6700}.delete{color:#a40e26}
.words{color:#57606a}nav a{margin-right:1rem}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}pre{background:#161b22}
.words{color:#8d96a0}.get{color:#79c0ff}.post{color:#7ee787}.put{color:#e3b341}.delete{color:#ff7b72}
details,h2{border-color:#30363d}a{color:#79c0ff}}
"""


def page(document: dict[str, Any]) -> str:
    """Return an OpenAPI document as a page of HTML."""
    tags = [tag["name"] for tag in document["tags"]]
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>Mailroom API</title><style>{_STYLE}</style></head><body><h1>Mailroom API</h1>",
        *(f"<p>{_inline(one)}</p>" for one in document["info"]["description"].split("\n\n")),
        "<nav>",
        *(f"<a href='#{tag}'>{tag}</a>" for tag in tags),
        "<a href='#operations'>Operations</a><a href='#notifications'>Notifications</a>",
        "<a href='#shapes'>Shapes</a><a href='openapi.json'>openapi.json</a></nav>",
        f"<p>{_inline(VARIABLES)}</p>",
        *(_section(tag, document) for tag in tags),
        _operations(document),
        _notifications(document["components"]["schemas"]),
        _schemas(document["components"]["schemas"]),
        "</body></html>",
    ]
    return "\n".join(parts)


def _section(tag: str, document: dict[str, Any]) -> str:
    calls = "\n".join(_calls(tag, document))
    return f"<h2 id='{tag}'>{tag}</h2>\n{calls}" if calls else ""


def _calls(tag: str, document: dict[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            if tag in call["tags"]:
                body = _example(call, document["components"]["schemas"])
                yield _call(method, path, call, body)


def _example(call: dict[str, Any], schemas: dict[str, Any]) -> object:
    """Return an example of the JSON body of a call; None where it sends no JSON."""
    content = call.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    schema = content["schema"]
    if "oneOf" in schema:
        schema = schemas[schema["oneOf"][0]["$ref"].rpartition("/")[2]]
    return schema["example"]


def _call(method: str, path: str, call: dict[str, Any], body: object) -> str:
    parameters = "".join(
        f"<li><code>{one['name']}</code> ({one['in']}) {_inline(one.get('description', ''))}</li>"
        for one in call["parameters"]
    )
    success = next(one for code, one in call["responses"].items() if code.startswith("2"))
    (answer,) = success["content"].items()
    return (
        f"<details><summary><span class={method}>{method.upper()}</span>"
        f"<code>{PREFIX}{escape(path)}</code> <span class=words>{_inline(call['summary'])}</span>"
        f"</summary>{_curl(curl_line(method, path, call, body))}"
        f"<ul>{parameters}</ul>{_request(call)}"
        f"<p>Answer, {escape(answer[0])}:</p>{_json(answer[1]['schema'])}</details>"
    )


def _request(call: dict[str, Any]) -> str:
    contents = call.get("requestBody", {}).get("content", {})
    return "".join(
        f"<p>Send, {escape(kind)}:</p>{_json(content['schema'])}"
        for kind, content in contents.items()
    )


def _operations(document: dict[str, Any]) -> str:
    schemas, paths = document["components"]["schemas"], document["paths"]
    one_of_mine, mine = "/me/interactions/{id}", "/me/interactions"
    described = [
        _operation(one.name, schemas, path, paths[path]["post"], one.answer)
        for one in DESCRIBED
        for path in (one_of_mine if one in ON_INTERACTIONS else mine,)
    ]
    return "<h2 id=operations>Operations</h2>" + "\n".join(described)


def _operation(
    name: str, schemas: dict[str, Any], path: str, call: dict[str, Any], answer: Mapping[str, Any]
) -> str:
    schema = schemas[f"{name}Operation"]
    example = schema["example"]
    return (
        f"<details id='{name}Operation'><summary><b>{name}</b> <span class=words>"
        f"{_inline(schema['description'])}</span></summary>"
        f"{_curl(curl_line('post', path, call, example))}{_json(example)}"
        f"<p>Answer:</p>{_json(answer)}"
        f"<details><summary>All its parameters</summary>{_json(schema)}</details></details>"
    )


def _notifications(schemas: dict[str, Any]) -> str:
    steps = "".join(f"<p>{_inline(why)}</p>{_curl(cometd_line(body))}" for why, body in COMETD)
    return (
        "<h2 id=notifications>Notifications</h2><p>Notifications come over CometD (Bayeux 1.0),"
        " by long polling or websocket, at <code>/cometd</code>.</p>"
        f"{steps}{''.join(_topic(topic, schemas) for topic in TOPICS)}"
    )


def _topic(topic: Topic, schemas: dict[str, Any]) -> str:
    messages = "\n".join(_message(name, schemas[name]) for name in topic.messages)
    return f"<h3>{topic.name}</h3><p>{_inline(topic.description)}</p>{messages}"


def _message(name: str, schema: dict[str, Any]) -> str:
    return (
        f"<details id='{name}'><summary><b>{name}</b> <span class=words>"
        f"{_inline(schema['description'])}</span></summary>{_json(schema['example'])}"
        f"<details><summary>All its fields</summary>{_json(_without_example(schema))}"
        "</details></details>"
    )


def _schemas(schemas: dict[str, Any]) -> str:
    described = {f"{one.name}Operation" for one in DESCRIBED}
    described |= {name for topic in TOPICS for name in topic.messages}
    shown = {name: one for name, one in schemas.items() if name not in described}
    return "<h2 id=shapes>Shapes</h2>" + "\n".join(
        f"<details id='{name}'><summary><b>{name}</b> <span class=words>"
        f"{_inline(one.get('description', ''))}</span></summary>{_json(one)}</details>"
        for name, one in shown.items()
    )


def _without_example(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "example"}


def _curl(command: str) -> str:
    return f"<pre class=curl>{escape(command, quote=False)}</pre>"


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _json(value: object) -> str:
    text = escape(json.dumps(value, indent=2, ensure_ascii=False, default=dict), quote=False)
    return f"<pre>{_SCHEMA_NAME.sub(_link, text)}</pre>"


def _link(name: "re.Match[str]") -> str:
    return f"<a href='#{name[2]}'>{name[0]}</a>"
