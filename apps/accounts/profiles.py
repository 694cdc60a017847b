"""A person as somebody looks at them: what is shown of a profile, and to whom.

Name, username, avatar and check mark are public. Everything else follows the person's privacy: everybody sees
it, or their friends (those who follow each other), or nobody else. Whom they block sees what a stranger sees
of a private profile. Staff see all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from apps.core import presence
from apps.core.errors import NotAllowed, NotFound
from apps.core.links import Link, shown

from .models import Actor, Block, PersonFollow, User
from .selectors import find_person


@dataclass(frozen=True)
class Profile:
    """`person` as `viewer` sees them. `is_following` and `is_blocked` are the viewer's deeds, the other two
    the person's. What the viewer may not see is empty, and a number is None."""

    person: User
    viewer: Actor
    is_following: bool = False
    follows_viewer: bool = False
    is_blocked: bool = False
    blocks_viewer: bool = False

    @property
    def is_own(self) -> bool:
        return self.viewer.pk == self.person.pk

    @property
    def is_friend(self) -> bool:
        return self.is_following and self.follows_viewer

    @property
    def is_open(self) -> bool:
        """Whether the viewer sees more than the name."""
        if self.is_own or (self.viewer.is_authenticated and self.viewer.is_staff):
            return True
        if self.blocks_viewer:
            return False
        public = self.person.privacy == User.Privacy.PUBLIC
        return public or (self.person.privacy == User.Privacy.FRIENDS and self.is_friend)

    @property
    def bio(self) -> str:
        return self.person.bio if self.is_open else ""

    @property
    def links(self) -> dict[str, str]:
        return self.person.links if self.is_open else {}

    @property
    def shown_links(self) -> list[Link]:
        return list(shown(self.links))

    @property
    def banner_url(self) -> str:
        return self.person.banner_url if self.is_open else ""

    @property
    def follower_count(self) -> int | None:
        return self.person.follower_count if self.is_open else None

    @property
    def following_count(self) -> int | None:
        return self.person.following_count if self.is_open else None

    @cached_property
    def is_online(self) -> bool | None:
        """Whether the person is on the site now. Only followers of theirs learn it, of who lets them."""
        may_know = self.is_following and self.is_open and self.person.shows_online
        return str(self.person.pk) in presence.online([str(self.person.pk)]) if may_know else None

    def require_open(self) -> None:
        """Raise NotAllowed (PROFILE_PRIVATE) where the viewer sees no more than the name."""
        if self.is_open:
            return
        if self.blocks_viewer:
            words = "You can't see this."
        elif self.person.privacy == User.Privacy.FRIENDS:
            words = f"{self.person.name} shows this to friends: people who follow each other."
        else:
            words = f"{self.person.name} shows this to nobody."
        raise NotAllowed(words, code="PROFILE_PRIVATE")


def find_profile(*, viewer: Actor, username_or_id: str) -> Profile:
    """The profile of this person; NotFound for nobody and for a closed account."""
    person = find_person(username_or_id)
    if not person.is_active:
        raise NotFound("There is no such person.", code="PERSON_NOT_FOUND")
    return profile_of(viewer=viewer, person=person)


def profile_of(*, viewer: Actor, person: User) -> Profile:
    if not isinstance(viewer, User) or viewer.pk == person.pk:
        return Profile(person, viewer)
    relation = User.objects.filter(pk=person.pk).values_list(
        Exists(PersonFollow.objects.filter(follower=viewer, followed=OuterRef("pk"))),
        Exists(PersonFollow.objects.filter(follower=OuterRef("pk"), followed=viewer)),
        Exists(Block.objects.filter(user=viewer, blocked=OuterRef("pk"))),
        Exists(Block.objects.filter(user=OuterRef("pk"), blocked=viewer)),
    )
    return Profile(person, viewer, *(relation.first() or ()))


def followers_of(profile: Profile) -> QuerySet[User]:
    """Who follows the person, the latest first, as far as the viewer may know. Raises NotAllowed
    (PROFILE_PRIVATE)."""
    profile.require_open()
    people = User.objects.filter(person_follows__followed=profile.person)
    return _known_to(profile, people).order_by(F("person_follows__id").desc())


def followed_by(profile: Profile) -> QuerySet[User]:
    """Whom the person follows, the latest first; else like `followers_of`."""
    profile.require_open()
    people = User.objects.filter(followed_by__follower=profile.person)
    return _known_to(profile, people).order_by(F("followed_by__id").desc())


def friends_of(profile: Profile) -> QuerySet[User]:
    """Whom the person follows and who follow them. Only the person themselves looks at this list."""
    if not profile.is_own:
        raise NotAllowed("Only they see who their friends are.", code="PROFILE_PRIVATE")
    back = PersonFollow.objects.filter(follower=OuterRef("pk"), followed=profile.person)
    return followed_by(profile).filter(Exists(back))


def open_to(viewer: Actor, people: QuerySet[User]) -> QuerySet[User]:
    """Of these people those whose profile is open to the viewer; closed accounts are to nobody. Blocks are
    not looked at."""
    people = people.filter(is_active=True)
    if isinstance(viewer, User) and viewer.is_staff:
        return people
    is_open = Q(privacy=User.Privacy.PUBLIC)
    if isinstance(viewer, User):
        follows = PersonFollow.objects.filter(follower=viewer, followed=OuterRef("pk"))
        followed = PersonFollow.objects.filter(follower=OuterRef("pk"), followed=viewer)
        friends = Q(privacy=User.Privacy.FRIENDS) & Exists(follows) & Exists(followed)
        is_open |= Q(pk=viewer.pk) | friends
    return people.filter(is_open)


def _known_to(profile: Profile, people: QuerySet[User]) -> QuerySet[User]:
    """Without those who show their own lists to others than the viewer: whom they follow would be read from
    the other end. Who looks at their own lists sees everybody there."""
    return people.filter(is_active=True) if profile.is_own else open_to(profile.viewer, people)
