"""What automatic rules are called on pages."""

from __future__ import annotations

from .automod import Kind

# What a rule is called, and what it catches.
TITLES: dict[Kind, tuple[str, str]] = {
    Kind.TERMS: ("Words", "Words and phrases that you choose."),
    Kind.PROFANITY: ("Profanity", "A built-in list of English words, by how strict you want it."),
    Kind.LINKS: ("Links", "Every address but those that you allow."),
    Kind.CAPS: ("Capitals", "Messages that shout."),
    Kind.REPETITION: ("Repetition", "The same letter, word or emoji again and again."),
    Kind.SIMILARITY: ("Similar messages", "Nearly the same, said again by one person or by many."),
    Kind.FIRST_MESSAGE: ("First message", "The first thing that somebody says here."),
    Kind.ACCOUNT_AGE: ("New accounts", "People who have signed up a short while ago."),
    Kind.FOLLOW_AGE: ("New followers", "People who have not followed for long."),
}


def rule_title(key: str) -> str:
    """What the rule of this key is called: `terms:spoilers` → Words: spoilers."""
    kind, _, label = key.partition(":")
    title = TITLES[Kind(kind)][0] if kind in list(Kind) else kind
    return f"{title}: {label}" if label else title
