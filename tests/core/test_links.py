"""Links of people and channels: what is stored of an address that somebody typed, and what is refused."""

from __future__ import annotations

import pytest

from apps.core.errors import Invalid
from apps.core.links import KINDS, checked_links, shown


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("twitch", "twitch.tv/vera", "https://twitch.tv/vera"),
        ("twitch", " HTTP://WWW.Twitch.TV/Vera ", "https://www.twitch.tv/Vera"),
        ("youtube", "https://youtu.be/@vera?x=1#t=2", "https://youtu.be/@vera?x=1"),
        ("x", "//twitter.com/vera", "https://twitter.com/vera"),
        ("discord", "https://discord.gg/abc", "https://discord.gg/abc"),
        ("github", "gist.github.com/vera", "https://gist.github.com/vera"),
        ("website", "http://example.org:8080/", "http://example.org:8080/"),
        ("website", "example.org:8080/a", "https://example.org:8080/a"),
        ("website", "https://bücher.example/é", "https://xn--bcher-kva.example/%C3%A9"),
        ("website", "example.org/%C3%A9?q=a+b", "https://example.org/%C3%A9?q=a+b"),
    ],
)
def test_an_address_is_stored_in_one_spelling(kind: str, typed: str, stored: str) -> None:
    assert checked_links({kind: typed}) == {kind: stored}


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("website", "javascript:alert(1)"),
        ("website", "JaVaScRiPt:alert(1)"),
        ("website", "java\nscript:alert(1)"),
        ("website", "data:text/html,<script>alert(1)</script>"),
        ("website", "vbscript:x"),
        ("website", "ftp://example.org"),
        ("website", "mailto:vera@example.org"),
        ("website", "https://vera:secret@example.org"),
        ("website", "https://twitch.tv@evil.example"),
        ("website", "https://@example.org"),
        ("website", "https://localhost"),
        ("website", "https://127.0.0.1/"),
        ("website", "https://[::1]/"),
        ("website", "https://2130706433/"),
        ("website", "https://0x7f.1/"),
        ("website", "https://example.org:port/"),
        ("website", "https://example.org:99999/"),
        ("website", "https://exa mple.org"),
        ("website", 'https://example.org/"onmouseover="alert(1)'),
        ("website", "https://example.org/<b>"),
        ("website", "https://example.org\\@evil.example"),
        ("website", "https://example..org"),
        ("website", "https://"),
        ("website", "x" * 201),
        ("website", "https://example.org/\u202etxt"),
        ("twitch", "https://twitch.tv.evil.example/vera"),
        ("twitch", "https://nottwitch.tv/vera"),
        ("twitch", "https://twitch.tv:8443/vera"),
        ("twitch", "https://twіtch.tv/vera"),  # a Cyrillic і
        ("github", "vera"),
        ("github", 7),
        ("github", ["github.com/vera"]),
    ],
)
def test_what_is_no_link_of_its_kind_is_refused_by_name(kind: str, typed: object) -> None:
    with pytest.raises(Invalid) as refused:
        checked_links({kind: typed})
    assert list(refused.value.fields) == [f"links.{kind}"]


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        checked_links({"twitch": "evil.example", "x": "x.com/vera", "website": "javascript:x"})
    assert list(refused.value.fields) == ["links.twitch", "links.website"]


@pytest.mark.parametrize("given", [None, [], "twitch.tv/vera", {"myspace": "myspace.com"}, {7: "x"}])
def test_what_is_no_set_of_links_is_refused(given: object) -> None:
    with pytest.raises(Invalid) as refused:
        checked_links(given)
    assert list(refused.value.fields) == ["links"]


def test_an_empty_address_is_no_link_and_the_order_is_the_tables() -> None:
    links = checked_links({"website": "example.org/", "x": " ", "github": None, "twitch": "twitch.tv/vera"})
    assert [(link.kind.label, link.text) for link in shown(links)] == [
        ("Twitch", "twitch.tv/vera"),
        ("Website", "example.org"),
    ]
    assert list(shown({})) == []
    assert list(KINDS)[-1] == "website"
