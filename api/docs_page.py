"""The page at `/docs`: the OpenAPI document as plain HTML, without scripts and without foreign hosts."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from api.problems import KINDS

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem; }
body { color: #1b1b1b; background: #fff }
code { background: #f1f1f1; padding: 0 .25em; overflow-wrap: anywhere }
section { border-top: 1px solid #767676; margin-top: 1.5rem }
table { border-collapse: collapse; width: 100% }
caption { text-align: left; font-weight: 600 }
th, td { border: 1px solid #949494; padding: .25rem .5rem; text-align: left; vertical-align: top }
"""
DOCS_CSP = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_METHODS = ("get", "post", "put", "patch", "delete")


def docs_page(document: Mapping[str, Any]) -> str:
    """The whole page for an OpenAPI document."""
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    body = "".join(_body(document))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )


def _body(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"<p>{_text(document['info'].get('description', ''))}</p>"
    yield '<p>For machines: <a href="/openapi.json">openapi.json</a>.</p>'
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield from _operation(path, method, item[method])
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        yield from _schema(name, schema)
    yield from _problems()


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    anchor = escape(operation["operationId"])
    yield f'<section><h2 id="{anchor}"><code>{method.upper()} {escape(path)}</code></h2>'
    yield f"<p>{_text(operation.get('description', operation.get('summary', '')))}</p>"
    parameters = operation.get("parameters", [])
    if parameters:
        rows = [(p["name"], p["in"], _kind(p["schema"]), p.get("description", "")) for p in parameters]
        yield _table("Parameters", ("name", "in", "type", "meaning"), rows)
    yield _table(
        "Answers", ("status", "meaning", "body"), [_answer(*entry) for entry in operation["responses"].items()]
    )
    yield "</section>"


def _answer(status: str, response: Mapping[str, Any]) -> tuple[str, str, str]:
    content = response.get("content", {})
    bodies = (f"{media} {_kind(body['schema'])}" if body.get("schema") else media for media, body in content.items())
    return status, response.get("description", ""), ", ".join(bodies)


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f'<section><h2 id="schema-{escape(name)}">{escape(name)}</h2><p>{_text(schema.get("description", ""))}</p>'
    rows = [(field, _kind(body), body.get("description", "")) for field, body in schema.get("properties", {}).items()]
    yield _table("Fields", ("name", "type", "meaning"), rows) if rows else ""
    yield "</section>"


def _problems() -> Iterator[str]:
    yield "<section><h2>Problems</h2><p>Errors are problem documents (RFC 9457); <code>type</code> is one of these.</p>"
    rows = "".join(
        f'<tr id="{escape(name)}"><td><code>{escape(name)}</code></td><td>{kind.status}</td>'
        f"<td>{escape(kind.title)}</td><td>{escape(kind.fix)}</td></tr>"
        for name, kind in KINDS.items()
    )
    head = _head(("type", "status", "title", "what to do"))
    yield f"<table><thead>{head}</thead><tbody>{rows}</tbody></table></section>"


def _table(caption: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = "".join(
        f"<tr><td><code>{escape(first)}</code></td>{''.join(f'<td>{_text(cell)}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return f"<table><caption>{caption}</caption><thead>{_head(head)}</thead><tbody>{lines}</tbody></table>"


def _head(names: tuple[str, ...]) -> str:
    cells = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f"<tr>{cells}</tr>"


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words: `integer 1..1000, default 100`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        kind = " | ".join(str(word) for word in schema.get("enum", [schema.get("const")]))
    elif schema.get("type") == "array":
        kind = f"list of {_kind(schema.get('items', {}))}"
    else:
        kind = str(schema.get("type", "anything"))
    if "minimum" in schema and "maximum" in schema:
        kind += f" {schema['minimum']}..{schema['maximum']}"
    default = schema.get("default")
    return f"{kind}, default {default}" if default not in (None, []) else kind


def _text(text: str) -> str:
    """Text with `code` in backquotes as HTML."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 and i < len(parts) - 1 else part for i, part in enumerate(parts))
