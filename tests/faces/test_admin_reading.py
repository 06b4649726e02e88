"""What an auditor and an admin find on a page at first sight."""

from __future__ import annotations

from types import SimpleNamespace

from tests import factories as make
from tests.faces.conftest import SignIn


def test_the_acts_say_when_who_what_and_from_what_to_what(sign_in: SignIn):
    pair = make.PairFactory()
    make.ActFactory(pair=pair, verb="mode", before="observe", after="live", reason="It is Friday")
    make.ActFactory(pair=pair, verb="mapping", before=[{"policy": "erp"}], after=[{"policy": "crm"}])
    answer = sign_in("auditor").get("/admin/sync/act/")
    text = answer.content.decode()
    heads = ["When", "Actor", "Verb", "Subject", "Before → after", "Pair", "Reason"]
    places = [text.index(f"{head}\n") if f"{head}\n" in text else text.index(f">{head}<") for head in heads]
    assert places == sorted(places)
    assert "observe → live" in text


def test_a_link_shows_its_base_only_where_a_side_has_moved(sign_in: SignIn, world: SimpleNamespace):
    make.MappingFactory(pair=world.pair, erp_property="city", crm_property="OrganisationCity")
    world.link.erp_seen = {"name": "Akkurat AS", "city": "Bergen"}
    world.link.erp_base = {"name": "Akkurat AS", "city": "Oslo"}
    world.link.crm_seen = world.link.crm_base = {"OrganisationName": "Akkurat AS", "OrganisationCity": "Oslo"}
    world.link.save()
    text = sign_in("auditor").get(f"/admin/sync/link/{world.link.pk}/change/").content.decode()
    assert text.count("in step as:") == 1
    assert "in step as: Oslo" in text
