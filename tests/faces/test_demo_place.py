"""Where a demo lives: its files stay while it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.management.demo import place as places
from sync.management.demo.place import NoPlace, Place, Ports


def test_a_demo_that_runs_keeps_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(places, "LOCK_SECONDS", 0)
    place = Place(root=tmp_path / "demo", ports=Ports())
    place.prepare()
    with place.alone(), pytest.raises(NoPlace, match="End that one first"):
        place.remove()
    assert place.root.exists()
    place.remove()
    assert not place.root.exists()
    place.remove()
