"""What the tests of automatic rules share: rules in few words, and their verdicts."""

from pathlib import Path

from apps.moderation import automod
from apps.moderation.automod import Action, Author, Kind, Recent, Rule

HERE = Path(__file__).parent
SOMEBODY = Author("somebody", account_age_s=1e9, follow_age_s=1e9)
STRICTEST = Rule(Kind.PROFANITY, {"hate": 4, "sexual": 4, "profanity": 4})


def lines(name):
    text = (HERE / name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


INNOCENT = lines("innocent_words.txt")
EVASIONS = [line.split("\t") for line in lines("evasions.txt")]


def rule(kind, action=Action.HOLD, **settings):
    return Rule(kind, automod.checked_settings(kind, settings), action)


def terms(*blocked, **more):
    return rule(Kind.TERMS, blocked=list(blocked), **more)


def judge(rules, text, author=SOMEBODY, recent=None, now=0.0):
    rules = [rules] if isinstance(rules, Rule) else rules
    return automod.compile(rules).judge(text, author, recent or Recent(), now)


def caught(rules, text, **more):
    """What of the text a rule matched, None when it passes."""
    verdict = judge(rules, text, **more)
    return verdict and text[slice(*verdict.span)]
