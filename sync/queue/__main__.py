"""The child process that is a cluster, until SIGTERM: `python -m sync.queue`, with Django's settings named."""

from __future__ import annotations

from django_q.cluster import Cluster  # sets Django up

from sync.queue import tether

if __name__ == "__main__":
    tether.tie_forks()
    Cluster().start()
