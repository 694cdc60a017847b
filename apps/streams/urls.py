from django.urls import path

from .views import creating, rehearsing, shows, simulcast, stills, watching

app_name = "streams"

urlpatterns = [
    path("streams/<str:slug>", watching.watch, name="watch"),
    path("streams/<str:slug>/mature", watching.accept_mature, name="accept_mature"),
    path("embed/<str:slug>", watching.embed, name="embed"),
    path("stills/<str:grant>/<str:stream>/index.json", stills.storyboard, name="storyboard"),
    path("stills/<str:grant>/<str:stream>/<str:name>", stills.storyboard_sheet, name="storyboard_sheet"),
    path("dashboard/<str:slug>", creating.manager, name="manager"),
    path("dashboard/<str:slug>/broadcast", creating.save, name="save"),
    path("dashboard/<str:slug>/end", creating.end, name="end"),
    path("dashboard/<str:slug>/key", creating.reveal_key, name="reveal_key"),
    path("dashboard/<str:slug>/key/rotate", creating.rotate_key, name="rotate_key"),
    path("dashboard/<str:slug>/backup-key", creating.reveal_backup_key, name="reveal_backup_key"),
    path("dashboard/<str:slug>/backup-key/rotate", creating.rotate_backup_key, name="rotate_backup_key"),
    path("dashboard/<str:slug>/rehearsal", rehearsing.page, name="rehearsal"),
    path("dashboard/<str:slug>/rehearsal/key", rehearsing.reveal_key, name="reveal_test_key"),
    path("dashboard/<str:slug>/rehearsal/key/rotate", rehearsing.rotate_key, name="rotate_test_key"),
    path("dashboard/<str:slug>/shows", shows.shows, name="shows"),
    path("dashboard/<str:slug>/shows/new", shows.new_show, name="new_show"),
    path("dashboard/<str:slug>/shows/<uuid:show>", shows.show, name="show"),
    path("dashboard/<str:slug>/shows/<uuid:show>/start", shows.start_show, name="start_show"),
    path("dashboard/<str:slug>/shows/<uuid:show>/archive", shows.archive_show, name="archive_show"),
    path("dashboard/<str:slug>/shows/<uuid:show>/restore", shows.restore_show, name="restore_show"),
    path("dashboard/<str:slug>/shows/<uuid:show>/delete", shows.delete_show, name="delete_show"),
    path("dashboard/<str:slug>/shows/<uuid:show>/key", shows.reveal_key, name="reveal_show_key"),
    path("dashboard/<str:slug>/shows/<uuid:show>/key/rotate", shows.rotate_key, name="rotate_show_key"),
    path("dashboard/<str:slug>/simulcast", simulcast.targets, name="simulcast"),
    path("dashboard/<str:slug>/simulcast/<str:target>/switch", simulcast.switch, name="switch_target"),
    path("dashboard/<str:slug>/simulcast/<str:target>/key", simulcast.change_key, name="change_target_key"),
    path("dashboard/<str:slug>/simulcast/<str:target>/remove", simulcast.remove, name="remove_target"),
]
