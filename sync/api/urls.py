"""The API's addresses, version 1."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from sync.api import login, views

router = SimpleRouter()
router.register("systems", views.Systems, "system")
router.register("pairs", views.Pairs, "pair")
router.register("links", views.Links, "link")
router.register("runs", views.Runs, "run")
router.register("changes", views.Changes, "change")
router.register("acts", views.Acts, "act")
router.register("conflicts", views.Conflicts, "conflict")

app_name = "api"
urlpatterns = [
    path("login/", login.Login.as_view(), name="login"),
    path("logout/", login.Logout.as_view(), name="logout"),
    path("tokens/", login.Tokens.as_view(), name="tokens"),
    *router.urls,
    path("<path:rest>", views.Nowhere.as_view()),
]
