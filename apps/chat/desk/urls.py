"""Pages of the moderators' desk that speak of the room."""

from django.urls import path

from . import views

app_name = "desk"

DESK = "dashboard/<str:slug>/moderation"

urlpatterns = [
    path(f"{DESK}/held/<uuid:held>/answer", views.answer_held, name="answer_held"),
    path(f"{DESK}/people/<uuid:person>/purge", views.purge, name="purge"),
    path(f"{DESK}/clear", views.clear, name="clear"),
    path(f"{DESK}/rules", views.rules, name="rules"),
    path(f"{DESK}/rules/modes", views.save_modes, name="save_modes"),
    path(f"{DESK}/rules/shield", views.shield, name="shield"),
    path(f"{DESK}/rules/<str:kind>", views.save_rule, name="save_rule"),
]
