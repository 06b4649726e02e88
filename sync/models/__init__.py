"""What the hub remembers. Django finds the models through this module; everyone else imports their own."""

from sync.models import links, pairs, runs, systems

__all__ = ["links", "pairs", "runs", "systems"]
