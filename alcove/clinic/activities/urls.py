"""The map of tasks: /tasks/ and the pages on clients' cards."""

from django.urls import path

from alcove.clinic.activities.views import card, lists, task

app_name = "activities"
urlpatterns = [
    path("", lists.tasks, name="tasks"),
    path("new/", lists.new, name="new"),
    path("team/", lists.team, name="team"),
    path("<uuid:task_id>/", task.task, name="task"),
    path("<uuid:task_id>/edit/", task.edit, name="edit"),
    path("<uuid:task_id>/done/", task.done, name="done"),
    path("<uuid:task_id>/drop/", task.drop, name="drop"),
    path("<uuid:task_id>/reopen/", task.reopen, name="reopen"),
    path("<uuid:task_id>/end-repeat/", task.end_repeat, name="end_repeat"),
    path("<uuid:task_id>/comments/", task.comment, name="comment"),
    path("<uuid:task_id>/steps/", task.add_step, name="add_step"),
    path("<uuid:task_id>/steps/<uuid:line_id>/", task.tick, name="tick"),
]
ON_CARD = (
    [path("tasks/", card.tasks, name="tasks"), path("tasks/new/", card.new, name="new")],
    "client_tasks",
)
"""A client's tasks, mounted at /clients/<client_id>/."""
