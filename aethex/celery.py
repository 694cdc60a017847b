"""Background work: one queue, one schedule, in code."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aethex.settings")

app = Celery("aethex")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "sample viewers": {"task": "apps.streams.tasks.sample_viewers", "schedule": 5.0},
    "sweep broadcasts": {"task": "apps.streams.tasks.sweep_broadcasts", "schedule": 2.0},
    "settle inputs": {"task": "apps.streams.tasks.settle_inputs", "schedule": 10.0},
    "check hosted": {"task": "apps.streams.tasks.check_hosted", "schedule": 30.0},
    # Often, for those whose minute is over; each broadcast has one turn a minute.
    "picture live broadcasts": {"task": "apps.streams.tasks.picture_live_broadcasts", "schedule": 5.0},
    "sweep pictures": {"task": "apps.streams.tasks.sweep_pictures", "schedule": 3600.0},
    "send due raids": {"task": "apps.engagement.tasks.send_due_raids", "schedule": 1.0},
    "settle shows": {"task": "apps.chat.tasks.settle_shows", "schedule": 5.0},
    "forget nodes": {"task": "apps.streams.tasks.forget_nodes", "schedule": 3600.0},
    "rank on air": {"task": "apps.discovery.tasks.rank_on_air", "schedule": 60.0},
    "post letters": {"task": "apps.core.tasks.post_letters", "schedule": 10.0},
    "forget ended sessions": {"task": "apps.accounts.tasks.forget_ended_sessions", "schedule": 3600.0},
    "erase accounts": {"task": "apps.accounts.tasks.erase_due", "schedule": 60.0},
    "sweep exports": {"task": "apps.accounts.tasks.sweep_exports", "schedule": 30.0},
    "reinstate people": {"task": "apps.accounts.tasks.reinstate_due", "schedule": 10.0},
    "remove orphans": {"task": "apps.vod.tasks.remove_orphans", "schedule": 3600.0},
    "ring occurrences": {"task": "apps.channels.tasks.ring_occurrences", "schedule": 20.0},
    "send letters": {"task": "apps.notifications.tasks.send_letters", "schedule": 10.0},
    "forget mailings": {"task": "apps.notifications.tasks.forget_mailings", "schedule": 3600.0},
    "finish recordings": {"task": "apps.vod.tasks.finish_recordings", "schedule": 10.0},
}
