"""Facts: what happened, told to whoever reacts, after the commit.

An app publishes facts about its own nouns and knows nobody above it; `aethex/wiring.py` is the one table of
who reacts to what. A reaction that fails is logged and disturbs neither the deed nor the other reactions;
anything that must not be lost is a row that a sweeper finds, never only a reaction. What has to be written
together with the deed goes along with it (`along`): it stands or falls with the deed's own transaction.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.db import transaction

log = logging.getLogger(__name__)
_reactions: dict[type, list[Callable[[Any], object]]] = defaultdict(list)
_companions: dict[type, list[Callable[[Any], object]]] = defaultdict(list)


def on(fact_type: type, *reactions: Callable[[Any], object]) -> None:
    """When a `fact_type` is published, call `reactions` in this order."""
    _reactions[fact_type].extend(reactions)


def along(fact_type: type, *companions: Callable[[Any], object]) -> None:
    """When a `fact_type` is published, call `companions` at once, inside the deed's transaction; what one of
    them raises refuses the deed."""
    _companions[fact_type].extend(companions)


def publish(fact: object) -> None:
    """Tell the fact once the surrounding transaction has committed; at once when there is none."""
    for companion in _companions[type(fact)]:
        companion(fact)
    transaction.on_commit(lambda: _tell(fact))


def _tell(fact: object) -> None:
    for reaction in _reactions[type(fact)]:
        try:
            reaction(fact)
        except Exception:
            # The deed is committed; one broken listener must not make it look refused.
            log.exception("%s failed on %s", getattr(reaction, "__qualname__", reaction), type(fact).__name__)
