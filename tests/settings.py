"""The hub's settings with what tests need different: development keys, quick hashes, plain files."""

from __future__ import annotations

import os

os.environ.setdefault("DEBUG", "1")

from hub.settings import *  # noqa: F403

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]
