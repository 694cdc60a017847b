"""Letters to followers: when somebody goes live, and before what is planned.

Three steps, each of which goes on where a killed worker left it: a mailing is opened for what has happened,
its letters are written out as rows, and posted.
"""

from .mailings import forget_mailings, list_letters, open_mailings, open_reminder
from .posting import post_letters
from .unsubscribing import channel_of, end_letters, unsubscribe_url

__all__ = [
    "channel_of",
    "end_letters",
    "forget_mailings",
    "list_letters",
    "open_mailings",
    "open_reminder",
    "post_letters",
    "unsubscribe_url",
]
