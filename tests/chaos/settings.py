"""The hub's own settings, and an app in front that shortens its patience."""

from __future__ import annotations

from hub.settings import *  # noqa: F403
from hub.settings import INSTALLED_APPS as THEIRS

# First: it must be ready before anybody imports the engine.
INSTALLED_APPS = ["tests.chaos.apps.Hurry", *THEIRS]
