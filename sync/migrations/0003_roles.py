"""The three roles people have: administrator, operator, auditor."""

from django.db import migrations

VIEWED = [
    "system", "entitypair", "fieldmapping", "matchrule", "finding", "entityschema", "cursor", "link",
    "separation", "intent", "conflict", "run", "change", "act", "heartbeat",
]  # fmt: skip
ALL = ("add", "change", "delete", "view")

AUDITOR = {("sync", model): ("view",) for model in VIEWED}
OPERATOR = {
    **AUDITOR,
    ("sync", "link"): ("change", "view"),
    ("sync", "run"): ("add", "change", "view"),
    ("sync", "conflict"): ("change", "view"),
}
ADMINISTRATOR = {
    **OPERATOR,
    ("sync", "system"): ALL,
    ("sync", "entitypair"): ALL,
    ("sync", "fieldmapping"): ALL,
    ("sync", "matchrule"): ALL,
    ("auth", "user"): ALL,
    ("auth", "group"): ALL,
    ("knox", "authtoken"): ("view", "delete"),
}
ROLES = {"administrator": ADMINISTRATOR, "operator": OPERATOR, "auditor": AUDITOR}


def make_roles(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    for name, grants in ROLES.items():
        group, _ = Group.objects.using(schema_editor.connection.alias).get_or_create(name=name)
        for (app, model), verbs in grants.items():
            group.permissions.add(*(permission(apps, schema_editor, app, model, verb) for verb in verbs))


def permission(apps, schema_editor, app, model, verb):
    """On a fresh database permissions are made after all migrations; those needed here are made now, the same."""
    alias = schema_editor.connection.alias
    content_type, _ = (
        apps.get_model("contenttypes", "ContentType").objects.using(alias).get_or_create(app_label=app, model=model)
    )
    title = apps.get_model(app, model)._meta.verbose_name
    found, _ = (
        apps.get_model("auth", "Permission")
        .objects.using(alias)
        .get_or_create(
            content_type=content_type, codename=f"{verb}_{model}", defaults={"name": f"Can {verb} {title}"}
        )
    )
    return found


def take_roles(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Group.objects.using(schema_editor.connection.alias).filter(name__in=list(ROLES)).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0002_seal_audit"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("knox", "0009_extend_authtoken_field"),
    ]
    operations = [migrations.RunPython(make_roles, take_roles)]
