"""Refusals in the product's language: one tree, mapped once to page, API and socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """A verb said no.

    `code` is stable and for programs, `message` is for the person and says how to go on, `fields` names the
    inputs at fault, `retry_after` (seconds) says when the same deed may succeed.
    """

    code = "REFUSED"
    status = 400

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.fields = {name: list(reasons) for name, reasons in (fields or {}).items()}
        self.retry_after = retry_after

    def payload(self) -> dict[str, object]:
        """The API's error envelope (spec: Envelopes)."""
        body: dict[str, object] = {
            "error": True,
            "code": self.code,
            "message": self.message,
            "status": self.status,
        }
        if self.fields:
            body["fields"] = self.fields
        if self.retry_after is not None:
            body["retryAfter"] = round(self.retry_after, 3)
        return body


class Invalid(DomainError):
    code, status = "INVALID", 400

    @classmethod
    def field(cls, name: str, reason: str, *, code: str = "INVALID") -> Invalid:
        """One input broke one rule."""
        return cls(reason, code=code, fields={name: [reason]})


class SignInNeeded(DomainError):
    code, status = "SIGN_IN_NEEDED", 401


class NotAllowed(DomainError):
    code, status = "NOT_ALLOWED", 403


class NotFound(DomainError):
    code, status = "NOT_FOUND", 404


class Conflict(DomainError):
    code, status = "CONFLICT", 409


class TooMany(DomainError):
    code, status = "TOO_MANY", 429


class Unavailable(DomainError):
    code, status = "UNAVAILABLE", 503


class StoreUnavailable(Unavailable):
    """The database does not answer: what was asked for was not done, or nobody knows whether it was."""

    code = "STORE_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__(
            "Our database can't be reached at the moment. Try again in a few seconds.", retry_after=5.0
        )
