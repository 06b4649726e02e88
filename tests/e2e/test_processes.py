"""What the tests' own look at processes must never get wrong: whom it would kill."""

from __future__ import annotations

import os

from tests.e2e.processes import children, descendants, group


def test_a_process_that_has_just_ended_has_nobody_below_it() -> None:
    nobody = 0  # what a launcher's cluster is while it has none, and the group of every kernel thread
    assert (children(nobody), descendants(nobody), group(nobody)) == ([], [], [])


def test_a_process_is_among_its_parents_children_and_in_its_own_group() -> None:
    assert os.getpid() in children(os.getppid())
    assert os.getpid() in group(os.getpgrp())
