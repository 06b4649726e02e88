"""What people may have done to a link."""

from __future__ import annotations

from typing import Any

from django import forms

from sync.admin.base import Done, Verb
from sync.admin.forms import ReasonForm, text_input
from sync.models.links import Link, LinkState
from sync.services import links

MAY = "sync.change_link"


class CounterpartForm(ReasonForm):
    """Which record of the other system this one is."""

    counterpart = forms.CharField(
        max_length=200, widget=text_input(), help_text="The key of the record in the other system."
    )
    field_order = ("counterpart", "reason")


def _link(link: Link, *, by: str, values: dict[str, Any]) -> Done:
    keys = {
        "erp_key": link.erp_key or values["counterpart"],
        "crm_key": link.crm_key or values["counterpart"],
    }
    made = links.link(link.pair, **keys, by=by, reason=values["reason"])
    return Done(
        message=f"{made.erp_key} and {made.crm_key} are linked, and settle with the next run.", leads_to=made
    )


def _unlink(link: Link, *, by: str, values: dict[str, Any]) -> Done:
    links.unlink(link, by=by, reason=values["reason"])
    return Done(message=f"The two records of '{link}' are taken apart. Both rest until they are resumed.")


def _pause(link: Link, *, by: str, values: dict[str, Any]) -> Done:
    links.pause(link, by=by, reason=values["reason"])
    return Done(message=f"'{link}' is paused.")


def _resume(link: Link, *, by: str, values: dict[str, Any]) -> Done:
    links.resume(link, by=by, reason=values["reason"])
    return Done(message=f"'{link}' is settled again from now on.")


def _resync(link: Link, *, by: str, values: dict[str, Any]) -> Done:
    links.resync(link, by=by, reason=values.get("reason", ""))
    return Done(message=f"'{link}' is read and settled afresh.")


def _not_made(link: Link, *, by: str, values: dict[str, Any]) -> Done:
    links.not_made(link, by=by, reason=values["reason"])
    return Done(message=f"'{link}' is planned anew.")


def _lift(link: Link, *, by: str, values: dict[str, Any]) -> Done:
    links.lift(link, by=by, reason=values["reason"])
    return Done(message=f"The tombstone of '{link}' is lifted.")


def _is_one_sided(link: Link) -> bool:
    return not link.linked and link.state in (LinkState.ACTIVE, LinkState.EXCLUDED, LinkState.PAUSED)


LINK = Verb(
    name="link", label="Link", permission=MAY, act=_link, icon="link", form=CounterpartForm,
    says="Make this record and one of the other system one link. Where they differ, the pair's first winner decides.",
    offered=_is_one_sided,
)  # fmt: skip
UNLINK = Verb(
    name="unlink", label="Unlink", permission=MAY, act=_unlink, icon="link_off",
    says="Take the two records apart and remember that they are not the same. Nothing is written to either system.",
    offered=lambda link: link.linked and link.state != LinkState.MERGED,
)  # fmt: skip
PAUSE = Verb(
    name="pause", label="Pause", permission=MAY, act=_pause, icon="pause",
    says="Leave this link alone until somebody resumes it.",
    offered=lambda link: link.state == LinkState.ACTIVE,
)  # fmt: skip
RESUME = Verb(
    name="resume", label="Resume", permission=MAY, act=_resume, icon="play_arrow",
    says="Settle this link again from now on.",
    offered=lambda link: link.state == LinkState.PAUSED,
)  # fmt: skip
RESYNC = Verb(
    name="resync", label="Resync", permission=MAY, act=_resync, icon="sync",
    says="Read both sides afresh and settle this link now. What was refused is tried again.",
    offered=lambda link: link.state in (LinkState.ACTIVE, LinkState.EXCLUDED),
)  # fmt: skip
LIFT = Verb(
    name="lift", label="Lift tombstone", permission=MAY, act=_lift, icon="restore_from_trash",
    says="The removed record may be matched, made and kept in step again.",
    offered=lambda link: link.state == LinkState.REMOVED,
)  # fmt: skip

NOT_MADE = Verb(
    name="not_made", label="It was not made", permission=MAY, act=_not_made, icon="search_off",
    says="You looked in the other system, and the record is not there. It may be made now. "
    "If it is there all the same, there will be two.",
    offered=links.may_say_not_made,
)  # fmt: skip

VERBS = (LINK, UNLINK, PAUSE, RESUME, RESYNC, LIFT, NOT_MADE)
BULK = (PAUSE, RESUME, RESYNC)
