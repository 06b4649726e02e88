"""Couples that met in step, and were never written, have been settled too: the guard counts them."""

from typing import Any

from django.db import migrations
from django.db.models import F


def settle(apps: Any, _editor: Any) -> None:
    links = apps.get_model("sync", "Link").objects
    met = links.filter(settled_at__isnull=True, erp_key__isnull=False, crm_key__isnull=False)
    met.exclude(erp_base={}).exclude(crm_base={}).update(settled_at=F("linked_at"))


class Migration(migrations.Migration):
    dependencies = [("sync", "0009_guard_blanks")]
    operations = [migrations.RunPython(settle, migrations.RunPython.noop)]
