"""What the OpenAPI document says of every operation, and no view for itself: envelopes, quota, one way in."""

from __future__ import annotations

from typing import Any

from apps.core.pagination import PageEnvelope

METHODS = {"get", "post", "put", "patch", "delete"}

ERROR: dict[str, Any] = {
    "type": "object",
    "description": "`code` is stable and for programs, `message` is for people.",
    "required": ["error", "code", "message", "status"],
    "properties": {
        "error": {"type": "boolean", "enum": [True]},
        "code": {"type": "string", "example": "SLUG_TAKEN"},
        "message": {"type": "string", "example": "This channel address is already taken."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "fields": {
            "type": "object",
            "description": "What was wrong with which field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "retryAfter": {"type": "number", "description": "Seconds until it may succeed."},
    },
}
QUOTA = {
    "RateLimit-Limit": "Requests in a window.",
    "RateLimit-Remaining": "What is left of them.",
    "RateLimit-Reset": "Seconds until the window ends.",
}
RETRY = "Seconds until it may succeed."


def describe_lists(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's hook: whoever takes `page` answers in the list envelope, whoever takes `after` or
    `before` in that of endless feeds (spec: Envelopes)."""
    for path in result["paths"].values():
        names = {parameter["name"] for parameter in path.get("get", {}).get("parameters", [])}
        for content in path.get("get", {}).get("responses", {}).get("200", {}).get("content", {}).values():
            if content["schema"].get("type") != "array":
                continue
            if "page" in names:
                content["schema"] = PageEnvelope().get_paginated_response_schema(content["schema"])
            elif names & {"after", "before"}:
                content["schema"] = _feed(content["schema"])
    return result


def prefer_json(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's hook: bodies are JSON, or multipart where there may be a file."""
    for path in result["paths"].values():
        for method in METHODS & path.keys():
            content = path[method].get("requestBody", {}).get("content", {})
            content.pop("application/x-www-form-urlencoded", None)
            if not _takes_file(result, content.get("multipart/form-data", {})) and len(content) > 1:
                content.pop("multipart/form-data")
    return result


def describe_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's hook: errors and quota headers, which no view declares for itself."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = ERROR
    components["headers"] = {name: _header(words) for name, words in (QUOTA | {"Retry-After": RETRY}).items()}
    components["responses"] = {
        "Refused": _answer("It was refused; `code` says why."),
        "TooMany": _answer("Too many requests.", "Retry-After"),
        "Unavailable": _answer("The server can't do it at the moment.", "Retry-After"),
    }
    for path in result["paths"].values():
        for method in METHODS & path.keys():
            responses = path[method]["responses"]
            for response in responses.values():
                response.setdefault("headers", {}).update(_references(QUOTA))
            responses["4XX"] = {"$ref": "#/components/responses/Refused"}
            responses["429"] = {"$ref": "#/components/responses/TooMany"}
            responses["503"] = {"$ref": "#/components/responses/Unavailable"}
    return result


def _feed(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["data", "hasMore"],
        "properties": {"data": data, "hasMore": {"type": "boolean"}},
    }


def _takes_file(result: dict[str, Any], body: dict[str, Any]) -> bool:
    name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
    fields = result["components"]["schemas"].get(name, {}).get("properties", {})
    return any(field.get("format") == "binary" for field in fields.values())


def _header(words: str) -> dict[str, Any]:
    return {"description": words, "schema": {"type": "integer"}}


def _references(names: Any) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _answer(words: str, *headers: str) -> dict[str, Any]:
    return {
        "description": words,
        "headers": _references([*QUOTA, *headers]),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
