"""What came of a run, for programs and for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from sync.core.vocabulary import Outcome
from sync.models.pairs import EntityPair
from sync.models.runs import Run, RunState

BAD = (Outcome.FAILED, Outcome.UNKNOWN)
REFUSED = "refused"
"""The outcome of a pair whose run could not even be asked for."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One pair's part of a command."""

    pair: EntityPair
    run: Run | None = None
    problem: str = ""

    @property
    def outcome(self) -> str:
        return self.run.state if self.run else REFUSED

    @property
    def good(self) -> bool:
        """Done, and every record with an outcome that is known and not a failure."""
        return self.outcome == RunState.DONE and not any(map(self.counts.get, BAD))

    @property
    def counts(self) -> dict[str, int]:
        return self.run.counts if self.run else {}

    @property
    def calls_total(self) -> dict[str, int]:
        calls = self.run.calls if self.run else {}
        return {system: sum(endpoints.values()) for system, endpoints in calls.items()}

    @property
    def seconds(self) -> float:
        """From the first slice to the end; 0 while there is none."""
        if not (self.run and self.run.started_at and self.run.ended_at):
            return 0.0
        return round((self.run.ended_at - self.run.started_at).total_seconds(), 3)

    @property
    def unprotected(self) -> str:
        """The writes that no version protected, in words; empty where there were none."""
        windows = self.run.windows if self.run else {}
        return ", ".join(
            f"{it['writes']:,} to {system} (an edit in the {it['longest_ms']:,} ms before may be overwritten)"
            for system, it in sorted(windows.items())
        )

    def as_json(self) -> dict[str, Any]:
        """What `sync --json` prints of it."""
        run = self.run
        return {
            "pair": self.pair.name,
            "run": run.pk if run else None,
            "outcome": self.outcome,
            "problem": self.problem or (run.problem if run else ""),
            "writes": bool(run and run.writes),
            "full": bool(run and run.full),
            "touched": run.touched if run else 0,
            "counts": self.counts,
            "calls": run.calls if run else {},
            "calls_total": self.calls_total,
            "windows": run.windows if run else {},
            "seconds": self.seconds,
        }


def show(results: list[Result], console: Console) -> None:
    """The table at the end, and below it a sentence for everything that went wrong or could have."""
    table = Table("pair", "run", "outcome", "touched", "what became of them", "calls", "seconds")
    for result in results:
        table.add_row(*_cells(result))
    console.print(table)
    for result in results:
        if problem := result.as_json()["problem"]:
            console.print(f"{result.pair}: {problem}", style="red", markup=False)
        if told := result.unprotected:
            words = f"{result.pair}: written where no version protects: {told}"
            console.print(words, style="dim", markup=False, soft_wrap=True)


def _cells(result: Result) -> list[str]:
    run = result.run
    return [
        str(result.pair),
        f"#{run.pk}" if run else "",
        run.get_state_display() if run else "refused",
        f"{run.touched:,}" if run else "",
        in_words(result.counts),
        ", ".join(f"{system} {calls:,}" for system, calls in result.calls_total.items()),
        f"{result.seconds:,.1f}",
    ]


def in_words(counts: dict[str, int]) -> str:
    """Worst first: `3 conflict, 120 written, 877 unchanged`."""
    return ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in Outcome if counts.get(outcome))
