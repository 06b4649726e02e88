"""What the environment may say, what it may not, and that no sentence repeats a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from hub import env

KEY = "UGxlYXNlLWRvLW5vdC11c2UtbWUtZm9yLXJlYWwuLi4="
REAL = {
    "SECRET_KEY": "s" * 40 + "0123456789abcdef",
    "HUB_KEYS": KEY,
    "HUB_URL": "https://hub.example.com",
    "DATABASE_URL": "postgres://hub:pa%40ss@db:5432/hub",
}
FILE = "sqlite:////srv/hub.sqlite3"


def read(**environ: str) -> env.Environment:
    return env.read({**REAL, **environ}, default_database=FILE)


NONSENSE = [
    ("DEBUG", "maybe", "neither yes nor no"),
    ("SECRET_KEY", "", "SECRET_KEY is missing"),
    ("SECRET_KEY", "hunter2", "too short"),
    ("HUB_KEYS", "", "HUB_KEYS is missing"),
    ("HUB_KEYS", "hunter2", "Key 1 in HUB_KEYS is not a sealing key"),
    ("HUB_KEYS", f"{KEY},hunter2", "Key 2 in HUB_KEYS"),
    ("HUB_KEYS", KEY[:-4], "Key 1 in HUB_KEYS"),
    ("HUB_URL", "", "HUB_URL is missing"),
    ("HUB_URL", "hub.example.com", "HUB_URL is not the address of a site"),
    ("HUB_URL", "ftp://hub.example.com", "HUB_URL is not the address of a site"),
    ("HUB_URL", "https://hub.example.com/admin", "HUB_URL is not the address of a site"),
    ("HUB_URL", "https://me:hunter2@hub.example.com", "HUB_URL is not the address of a site"),
    ("HUB_URL", "https://hub.example.com:port", "HUB_URL cannot be read as an address"),
    ("ALLOWED_HOSTS", "https://hub.example.com", "which is no host name"),
    ("ALLOWED_HOSTS", "*", "which is no host name"),
    ("ALLOWED_HOSTS", "hub.example.com:443", "which is no host name"),
    ("HUB_ALLOW_HOSTS", "erp.local", "not host:port"),
    ("HUB_ALLOW_HOSTS", "erp.local:0", "not host:port"),
    ("HUB_ALLOW_HOSTS", "erp.local:65536", "not host:port"),
    ("HUB_ALLOW_HOSTS", "erp.local:8101,:8102", "not host:port"),
    ("HUB_ALLOW_HOSTS", "http://erp.local:8101", "not host:port"),
    ("DATABASE_URL", "mysql://hub:hunter2@db/hub", "neither SQLite nor PostgreSQL"),
    ("DATABASE_URL", "hunter2", "neither SQLite nor PostgreSQL"),
    ("DATABASE_URL", "postgres://hub:hunter2@db:5432", "names no database"),
    ("DATABASE_URL", "postgres://hub:hunter2@db:port/hub", "cannot be read as an address"),
    ("DATABASE_URL", "sqlite://:memory:", "DATABASE_URL"),
    ("DATABASE_URL", "sqlite:///", "names no file"),
    ("DATABASE_URL", "sqlite://hub.sqlite3", "names no file"),
    ("REDIS_URL", "http://:hunter2@redis:6379", "not the address of a Redis"),
    ("REDIS_URL", "redis:///0", "not the address of a Redis"),
    ("SECRET_KEY_FILE", "/nowhere/hunter2", "cannot be read as text"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), NONSENSE)
def test_nonsense_is_refused_with_a_sentence_that_names_the_variable(name, value, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence) as raised:
        read(**{name: value})
    assert name in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_real_environment_is_read_whole():
    found = read(
        HUB_ALLOW_HOSTS="ERP.local:8101, [::1]:8102",
        ALLOWED_HOSTS="hub.example.com,.example.org",
        REDIS_URL="redis://redis:6379/0",
        DEBUG="no",
    )
    assert not found.debug
    assert found.secure
    assert found.hub_keys == (KEY,)
    assert found.allow_hosts == ("erp.local:8101", "[::1]:8102")
    assert found.allowed_hosts == ("hub.example.com", ".example.org")
    assert found.redis_url == "redis://redis:6379/0"
    assert found.database == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "hub",
        "USER": "hub",
        "PASSWORD": "pa@ss",
        "HOST": "db",
        "PORT": 5432,
    }


def test_on_ones_own_machine_debug_is_enough():
    found = env.read({"DEBUG": "1"}, default_database=FILE)
    assert found.hub_url == "http://localhost:8000"
    assert not found.secure
    assert found.allowed_hosts == ("localhost", "localhost", "127.0.0.1", "[::1]")
    assert found.allow_hosts == ()
    assert found.database["NAME"] == "/srv/hub.sqlite3"
    assert Fernet(found.hub_keys[0])


def test_the_names_people_use_default_to_the_address_of_the_hub():
    assert read().allowed_hosts == ("hub.example.com", *env.LOCAL_HOSTS)


@pytest.mark.parametrize("name", ["SECRET_KEY", "HUB_KEYS", "DATABASE_URL", "HUB_URL"])
def test_every_variable_may_stand_in_a_file(name: str, tmp_path: Path):
    (tmp_path / "value").write_text(f"{REAL[name]}\n")
    without = {key: value for key, value in REAL.items() if key != name}
    found = env.read({**without, f"{name}_FILE": str(tmp_path / "value")}, default_database=FILE)
    assert found == read()


def test_the_newest_key_comes_first():
    newer = Fernet.generate_key().decode()
    assert read(HUB_KEYS=f"{newer},{KEY}").hub_keys == (newer, KEY)
