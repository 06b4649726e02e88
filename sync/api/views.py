"""The API's addresses: fetch, permit, ask one service, show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.contrib.auth.models import User
from django.db.models import Model
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from sync.api import filters, said, shown
from sync.models.links import Conflict, Link
from sync.models.pairs import EntityPair
from sync.models.runs import Act, Change, Run
from sync.models.systems import System
from sync.services import conflicts, links, runs
from sync.services.pairs import property_table

Row = TypeVar("Row", bound=Model)
BIG = ("erp_seen", "crm_seen", "erp_base", "crm_base", "erp_stamps", "crm_stamps", "plan", "refused")
"""What a list of links does without."""


@extend_schema(exclude=True)
class Nowhere(APIView):
    """Every other address: a program wants JSON there too."""

    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound(
            "There is no such address. Addresses end with a slash, and rows are known by their id."
        )


class Rows(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Row]):
    """Rows to list and to look at. What else may be done with them, `verbs` names with its permission."""

    verbs: ClassVar[dict[str, str]] = {}
    lookup_value_regex = "[0-9]{1,19}"

    def said(self, serializer: type[said.Said]) -> dict[str, Any]:
        """The request's body, checked."""
        found = serializer(data=self.request.data)
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)

    def shown(self, row: Row, code: int = status.HTTP_200_OK) -> Response:
        """A row as it is now."""
        row.refresh_from_db()
        return Response(self.get_serializer(row).data, status=code)

    def do(self, verb: Callable[..., object], code: int = status.HTTP_200_OK) -> Response:
        """Ask a service to do something with the row of this address."""
        row = self.get_object()
        verb(row, by=asker(self.request), **self.said(said.WhySaid))
        return self.shown(row, code)


def asker(request: Request) -> str:
    """The name that the audit keeps."""
    assert isinstance(request.user, User)
    return request.user.get_username()


class Systems(Rows[System]):
    """Systems: the connected installations. Their settings and credentials are for people."""

    queryset = System.objects.defer("credentials")
    serializer_class = shown.SystemShown
    lookup_field = "name"
    lookup_value_regex = "[-a-zA-Z0-9_]+"


class Pairs(Rows[EntityPair]):
    """Pairs: an ERP entity and a webCRM entity kept in step."""

    queryset = EntityPair.objects.select_related("erp_system", "crm_system", "parent")
    serializer_class = shown.PairShown
    lookup_field = "name"
    lookup_value_regex = "[-a-zA-Z0-9_]+"

    @extend_schema(responses=shown.PropertyShown(many=True))
    @action(detail=True, pagination_class=None)
    def properties(self, request: Request, name: str) -> Response:  # noqa: ARG002
        """The property table: which ERP property is which webCRM property, and how it travels."""
        rows = property_table(self.get_object())
        return Response(shown.PropertyShown(rows, many=True).data)


class Links(Rows[Link]):
    """Links: one thing, known on one side or on both."""

    queryset = Link.objects.select_related("pair")
    filterset_class = filters.LinkFilter
    verbs: ClassVar[dict[str, str]] = dict.fromkeys(
        ("create", "unlink", "pause", "resume", "resync", "lift", "not_made"), "sync.change_link"
    )

    def get_queryset(self) -> Any:
        found = super().get_queryset()
        return found.defer(*BIG) if self.action == "list" else found

    def get_serializer_class(self) -> type[BaseSerializer[Link]]:
        return shown.LinkShown if self.action == "list" else shown.LinkDetail

    @extend_schema(request=said.LinkSaid, responses={201: shown.LinkDetail})
    def create(self, request: Request) -> Response:
        """Say that two records are the same."""
        wanted = self.said(said.LinkSaid)
        made = links.link(wanted.pop("pair"), by=asker(request), **wanted)
        return self.shown(made, status.HTTP_201_CREATED)

    @extend_schema(request=said.WhySaid)
    @action(detail=True, methods=["post"])
    def unlink(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Say that the two records are not the same. Both rest until somebody resumes them."""
        return self.do(links.unlink)

    @extend_schema(request=said.WhySaid)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Leave the link alone."""
        return self.do(links.pause)

    @extend_schema(request=said.WhySaid)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Settle a paused link again."""
        return self.do(links.resume)

    @extend_schema(request=said.WhySaid)
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Lift the tombstone of a removed record."""
        return self.do(links.lift)

    @extend_schema(request=said.WhySaid)
    @action(detail=True, methods=["post"])
    def not_made(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Say that a create of unknown outcome, which the hub cannot look for, did not happen. It may be made then."""
        return self.do(links.not_made)

    @extend_schema(request=said.WhySaid, responses={202: shown.LinkDetail})
    @action(detail=True, methods=["post"])
    def resync(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Read both sides afresh and settle the link now. Done when `due_at` is empty.

        Then `settled_at` has moved where both sides are in step; `problem` or a conflict tells why they are not.
        """
        return self.do(links.resync, status.HTTP_202_ACCEPTED)


class Runs(Rows[Run]):
    """Runs: one working-through of a pair."""

    queryset = Run.objects.select_related("pair")
    serializer_class = shown.RunShown
    filterset_class = filters.RunFilter
    verbs: ClassVar[dict[str, str]] = {
        "create": "sync.add_run",
        "cancel": "sync.change_run",
        "approve": "sync.change_entitypair",
        "reject": "sync.change_entitypair",
    }

    @extend_schema(request=said.RunSaid, responses={202: shown.RunShown})
    def create(self, request: Request) -> Response:
        """Ask for a run. Where one is open already, that one is the answer."""
        wanted = self.said(said.RunSaid)
        trigger = Run.Trigger.PROGRAM if request.auth else Run.Trigger.PERSON
        run = runs.request(wanted.pop("pair"), by=asker(request), trigger=trigger, **wanted)
        return self.shown(run, status.HTTP_202_ACCEPTED)

    @extend_schema(request=said.WhySaid)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """End a run where it is. What is due stays due."""
        return self.do(runs.cancel)

    @extend_schema(request=said.WhySaid)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Let a run that the guard holds go on."""
        return self.do(runs.approve)

    @extend_schema(request=said.WhySaid)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """End a run that the guard holds; its pair only observes from then on."""
        return self.do(runs.reject)


class Changes(Rows[Change]):
    """The audit of writes: before, after, why, who and what became of it."""

    queryset = Change.objects.select_related("pair")
    serializer_class = shown.ChangeShown
    filterset_class = filters.ChangeFilter


class Acts(Rows[Act]):
    """The audit of people: what they did, and why."""

    queryset = Act.objects.select_related("pair")
    serializer_class = shown.ActShown
    filterset_class = filters.ActFilter


class Conflicts(Rows[Conflict]):
    """Conflicts: both sides moved one field to different values."""

    queryset = Conflict.objects.select_related("link__pair")
    serializer_class = shown.ConflictShown
    filterset_class = filters.ConflictFilter
    verbs: ClassVar[dict[str, str]] = {"resolve": "sync.change_conflict"}

    @extend_schema(request=said.RulingSaid)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:  # noqa: ARG002
        """Keep the ERP's value, webCRM's, or another one.

        Of a contact that moved to another customer (`field` is `the record's parent (moved)`): `erp` replaces it under
        its new parent, `crm` keeps it where it is, `other` is refused.
        """
        conflict = self.get_object()
        conflicts.resolve(conflict, by=asker(request), **self.said(said.RulingSaid))
        return self.shown(conflict)
