"""How templates write words: names keep their own case, whoever capitalises what begins with one."""

from __future__ import annotations

from django.template import Library
from django.template.defaultfilters import stringfilter

register = Library()


@register.filter(is_safe=True)
@stringfilter
def capfirst(text: str) -> str:
    """Django's filter, but for a first word that has capitals of its own: `webCRM key` stays."""
    first = text.partition(" ")[0]
    return text if first != first.lower() else text[:1].upper() + text[1:]
