"""How slices in a cluster learn that their launcher wants to stop: a pipe that it holds open until then.

The cluster's own way is to finish everything it has taken up, slice after slice, which takes longer than a service
manager waits; and a slice that is cut leaves its run to nobody until its lease is over.
"""

from __future__ import annotations

import os
import select

NAME = "HUB_LIFELINE"
"""Which open file of the cluster is the pipe's reading end."""


def is_held() -> bool:
    """Whether work is still wanted here; always, where no launcher is."""
    file = os.environ.get(NAME)
    return not file or not select.select([int(file)], [], [], 0)[0]
