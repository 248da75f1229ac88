"""``{% if request.actor|holds:"clients.edit" %}``: whether to *show* something. Guards and actions decide again."""

from django import template

from alcove.security.access.actors import Actor

register = template.Library()


@register.filter
def holds(actor: Actor, key: str) -> bool:
    """Whether this actor holds the right; for showing only."""
    return actor.holds(key)
