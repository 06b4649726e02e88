"""From here on the database refuses to change or delete what the audit says."""

from django.db import migrations

from sync.models.audit import open_audit, seal_audit


def forwards(apps, schema_editor):
    seal_audit(schema_editor)


def backwards(apps, schema_editor):
    open_audit(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
