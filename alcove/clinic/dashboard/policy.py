"""The right to the first page: everyone's."""

from alcove.security.access.policy import Permission, RoleKey, right


class Dashboard(Permission):
    VIEW = right("dashboard.view", "See the dashboard", *RoleKey)
