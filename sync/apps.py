"""What Django must know of the app at start."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.contrib import admin
from django.core.management import call_command
from django.db.models.signals import post_migrate


class SyncConfig(AppConfig):
    name = "sync"
    verbose_name = "Sync"

    def ready(self) -> None:
        post_migrate.connect(make_cache_table, sender=self)
        hide_queue_pages()


def make_cache_table(*, using: str, **_: object) -> None:
    """The table behind the shared cache, made where it is missing; nothing to do when Redis carries it."""
    call_command("createcachetable", database=using, verbosity=0)


def hide_queue_pages() -> None:
    """The queue's own admin pages let a viewer resubmit jobs and an editor run any function."""
    for model in apps.get_app_config("django_q").get_models():
        if admin.site.is_registered(model):
            admin.site.unregister(model)
