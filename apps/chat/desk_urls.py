"""Pages of the moderators' desk that speak of the room."""

from django.urls import path

from . import desk_views

app_name = "desk"

DESK = "dashboard/<str:slug>/moderation"

urlpatterns = [
    path(f"{DESK}/held/<uuid:held>/answer", desk_views.answer_held, name="answer_held"),
    path(f"{DESK}/people/<uuid:person>/purge", desk_views.purge, name="purge"),
    path(f"{DESK}/clear", desk_views.clear, name="clear"),
    path(f"{DESK}/rules", desk_views.rules, name="rules"),
    path(f"{DESK}/rules/modes", desk_views.save_modes, name="save_modes"),
    path(f"{DESK}/rules/shield", desk_views.shield, name="shield"),
    path(f"{DESK}/rules/<str:kind>", desk_views.save_rule, name="save_rule"),
]
