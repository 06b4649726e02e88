"""The database itself keeps the audit: a final row is never changed, and no row is ever deleted."""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FINAL = "Audit rows are final: they are never changed or deleted."

SQLITE = {
    "sync_change_update": (
        "CREATE TRIGGER sync_change_update BEFORE UPDATE ON sync_change WHEN OLD.outcome <> 'pending' "
        "OR NEW.fields IS NOT OLD.fields OR NEW.actor IS NOT OLD.actor OR NEW.created_at IS NOT OLD.created_at "
        f"BEGIN SELECT RAISE(ABORT, '{FINAL}'); END"
    ),
    "sync_change_delete": (
        f"CREATE TRIGGER sync_change_delete BEFORE DELETE ON sync_change BEGIN SELECT RAISE(ABORT, '{FINAL}'); END"
    ),
    "sync_act_update": (
        f"CREATE TRIGGER sync_act_update BEFORE UPDATE ON sync_act BEGIN SELECT RAISE(ABORT, '{FINAL}'); END"
    ),
    "sync_act_delete": (
        f"CREATE TRIGGER sync_act_delete BEFORE DELETE ON sync_act BEGIN SELECT RAISE(ABORT, '{FINAL}'); END"
    ),
}

POSTGRES_FUNCTION = f"""
CREATE FUNCTION sync_audit_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{FINAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$
"""

POSTGRES = {
    ("sync_change_update", "sync_change"): (
        "CREATE TRIGGER sync_change_update BEFORE UPDATE ON sync_change FOR EACH ROW WHEN (OLD.outcome <> 'pending' "
        "OR NEW.fields IS DISTINCT FROM OLD.fields OR NEW.actor IS DISTINCT FROM OLD.actor "
        "OR NEW.created_at IS DISTINCT FROM OLD.created_at) EXECUTE FUNCTION sync_audit_is_final()"
    ),
    ("sync_change_delete", "sync_change"): (
        "CREATE TRIGGER sync_change_delete BEFORE DELETE ON sync_change "
        "FOR EACH ROW EXECUTE FUNCTION sync_audit_is_final()"
    ),
    ("sync_act_update", "sync_act"): (
        "CREATE TRIGGER sync_act_update BEFORE UPDATE OR DELETE ON sync_act "
        "FOR EACH ROW EXECUTE FUNCTION sync_audit_is_final()"
    ),
}


def seal_audit(editor: BaseDatabaseSchemaEditor) -> None:
    """Put the guard on the audit tables."""
    if editor.connection.vendor == "sqlite":
        for statement in SQLITE.values():
            editor.execute(statement)
    elif editor.connection.vendor == "postgresql":
        for statement in (POSTGRES_FUNCTION, *POSTGRES.values()):
            editor.execute(statement)


def open_audit(editor: BaseDatabaseSchemaEditor) -> None:
    """Take the guard off: for migrations that change these tables, and for tests that empty them."""
    if editor.connection.vendor == "sqlite":
        for name in SQLITE:
            editor.execute(f"DROP TRIGGER IF EXISTS {name}")
    elif editor.connection.vendor == "postgresql":
        for name, table in POSTGRES:
            editor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        editor.execute("DROP FUNCTION IF EXISTS sync_audit_is_final()")
