"""Pages of moderation: the desk of a channel's moderators, and the person's side."""

from django.urls import path

from .views import desk, log, myself, people

app_name = "moderation"

DESK = "dashboard/<str:slug>/moderation"

urlpatterns = [
    path(DESK, desk.waiting, name="desk"),
    path(f"{DESK}/reports/<uuid:report>/answer", desk.answer_report, name="answer_report"),
    path(f"{DESK}/unban-requests/<uuid:plea>/answer", desk.answer_plea, name="answer_plea"),
    path(f"{DESK}/people", people.people, name="people"),
    path(f"{DESK}/people/<uuid:person>", people.person, name="person"),
    path(f"{DESK}/people/<uuid:person>/sanction", people.sanction, name="sanction"),
    path(f"{DESK}/people/<uuid:person>/lift", people.lift, name="lift"),
    path(f"{DESK}/people/<uuid:person>/notes", people.write_note, name="write_note"),
    path(f"{DESK}/notes/<uuid:note>/delete", people.delete_note, name="delete_note"),
    path(f"{DESK}/banned", people.banned, name="banned"),
    path(f"{DESK}/log", log.log, name="log"),
    path(f"{DESK}/log/<uuid:entry>/undo", log.undo, name="undo"),
    path(f"{DESK}/log/undo", log.undo_since, name="undo_since"),
    path("c/<str:slug>/standing", myself.standing, name="standing"),
    path("c/<str:slug>/warnings/<uuid:warning>/acknowledge", myself.acknowledge, name="acknowledge"),
    path("c/<str:slug>/report", myself.report, name="report"),
    path(
        "c/<str:slug>/report/person/<uuid:subject>", myself.report, {"kind": "person"}, name="report_person"
    ),
    path(
        "c/<str:slug>/report/message/<uuid:subject>",
        myself.report,
        {"kind": "message"},
        name="report_message",
    ),
]
