"""What people do with systems: enter credentials, introduce them anew, test the connection."""

from __future__ import annotations

from django.db import transaction
from django.db.models import ProtectedError, Q

from sync.jobs import enqueue
from sync.models.pairs import EntityPair
from sync.models.sealing import CLOSED
from sync.models.systems import System, Token
from sync.services.acts import NotPossible, record
from sync.services.pairs import observe_anew


def enter_credentials(
    system: System, secrets: dict[str, str], *, by: str, reason: str = "", keep: bool = False
) -> None:
    """Seal new credentials. The audit names them and never tells them. `keep`: those not named stay as they are.

    Raises `NotPossible` where those cannot be opened, and nothing was given to take their place.
    """
    with transaction.atomic():
        # What is kept is what stands there now: a new address may have forgotten what the caller had read.
        found = System.objects.select_for_update().get(pk=system.pk)
        if keep and not secrets and found.credentials.closed:
            raise NotPossible(f"Nothing was entered, and nothing has changed. {CLOSED}")
        system.credentials = {**(found.credentials if keep else {}), **secrets}
        system.save(update_fields=["credentials"])
        system.tokens.all().delete()
        _end_pause(system)
        record("credentials", by=by, subject=system, reason=reason, after=sorted(system.credentials))


def seal_anew(*, by: str) -> int:
    """Seal every system's credentials with the first key, so that the others may go. The number of systems.

    Raises `NotPossible` where a system's credentials cannot be opened; then none is sealed anew.
    """
    with transaction.atomic():
        found = list(System.objects.select_for_update())
        closed = [system.name for system in found if system.credentials.closed]
        if closed:
            raise NotPossible(f"{', '.join(closed)}: {CLOSED}")
        for system in found:
            system.save(update_fields=["credentials"])
            record("seal anew", by=by, subject=system)
        Token.objects.all().delete()
    return len(found)


def _end_pause(system: System) -> None:
    """A person sees to a system that is left alone since it failed. A pause that it asked for itself is kept."""
    System.objects.filter(pk=system.pk, failures__gt=0).update(paused_until=None)


def settings_changed(system: System, before: dict[str, object], after: dict[str, object], *, by: str) -> None:
    """After an edit of a system: audit it. A new address forgets the secrets that were meant for the old one."""
    if before == after:
        return
    with transaction.atomic():
        record("system", by=by, subject=system, before=before, after=after)
        if before and before.get("address") != after.get("address"):
            _forget_answers(system)


def _forget_answers(system: System) -> None:
    """What was entered for, and told by, the old address is nothing to the new one."""
    system.credentials, system.check_result, system.checked_at = {}, "", None
    system.save(update_fields=["credentials", "check_result", "checked_at"])
    system.tokens.all().delete()


def introduce_anew(system: System, *, by: str, reason: str = "") -> None:
    """Forget who was behind the address; the next check pins whoever answers then.

    It may be another system with other records under the same keys: its pairs observe until a person has looked.
    """
    with transaction.atomic():
        before = system.identity_name or system.identity_key
        System.objects.filter(pk=system.pk).update(identity_key="", identity_name="")
        record("introduce", by=by, subject=system, reason=reason, before=before)
        pairs = EntityPair.objects.filter(Q(erp_system=system) | Q(crm_system=system))
        observe_anew(pairs, by=by, reason=f"{system} is introduced anew")


def request_check(system: System, *, by: str) -> None:
    """Test the connection: a job asks the system who it is; the page shows what came of it."""
    with transaction.atomic():
        _end_pause(system)
        System.objects.filter(pk=system.pk).update(
            check_result="Being tested…", checked_at=None, check_begun_at=None, check_attempts=0
        )
        record("test connection", by=by, subject=system)
        enqueue("check", system.pk)


def remove(system: System, *, by: str) -> None:
    """Forget a system that no pair needs."""
    name = str(system)
    try:
        with transaction.atomic():
            system.delete()
            record("remove system", by=by, subject=name)
    except ProtectedError as error:
        raise NotPossible(f"'{name}' is part of a pair. Point the pair elsewhere first.") from error
