"""`manage.py config dump|load`: files, standard output, and refusals as people see them."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from sync.connectors.base import Capabilities
from sync.connectors.memory_rows import MemoryEntity
from sync.connectors.memory_system import MemorySystem
from sync.models.runs import Act
from sync.models.systems import System

pytestmark = pytest.mark.django_db

SYSTEM = 'systems:\n  erp: {kind: memory, address: "memory://erp"}\n'


@pytest.fixture(autouse=True)
def erp() -> MemorySystem:
    return MemorySystem("erp", {"customers": MemoryEntity(properties=(), capabilities=Capabilities())})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hub.yaml"
    path.write_text(SYSTEM)
    return path


def config(*arguments: object) -> str:
    out = StringIO()
    call_command("config", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_load_says_what_changed_and_audits_who(file: Path) -> None:
    assert config("load", file, "--by", "kari") == "system 'erp': new\n"
    assert Act.objects.get().actor == "kari"


def test_without_a_name_the_audit_says_command_line(file: Path) -> None:
    config("load", file)
    assert Act.objects.get().actor.startswith("command line: ")


def test_a_name_that_is_too_long_is_cut(file: Path) -> None:
    config("load", file, "--by", "k" * 300)
    assert Act.objects.get().actor == "k" * 150


def test_dump_writes_to_a_file_or_to_standard_output(file: Path, tmp_path: Path) -> None:
    config("load", file)
    config("dump", tmp_path / "out.yaml")
    written = (tmp_path / "out.yaml").read_text()
    assert "address: memory://erp" in written
    assert config("dump") == written


def test_mistakes_are_listed_and_nothing_changes(file: Path) -> None:
    file.write_text(SYSTEM + "  crm: {}\npears: {}\n")
    with pytest.raises(CommandError) as caught:
        config("load", file)
    assert str(caught.value).splitlines() == [
        "hub.yaml line 3: system 'crm': 'address' is missing.",
        "hub.yaml line 3: system 'crm': 'kind' is missing.",
        "hub.yaml line 4: unknown key 'pears'. Did you mean 'pairs'? Known: systems, pairs.",
        "Nothing was changed.",
    ]
    assert not System.objects.exists()


def test_files_that_cannot_be_read_or_written_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"name: \xe6")
    for arguments, sentence in (
        (("load", tmp_path / "none"), "cannot be read: No such file"),
        (("load", tmp_path / "latin"), "is not a text in UTF-8"),
        (("dump", tmp_path / "none" / "x"), "cannot be written: No such file"),
    ):
        with pytest.raises(CommandError, match=sentence):
            config(*arguments)


def test_mistakes_in_standard_input_are_said_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("pears: {}\n"))
    with pytest.raises(CommandError, match=r"^standard input line 1: unknown key 'pears'"):
        config("load", "-")
