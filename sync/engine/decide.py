"""What must become of one due link, from what both sides were last seen to say. Decides; writes nothing anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync.connectors.base import OperationKind
from sync.core.mapping import Rule
from sync.core.merge import plan, plan_create
from sync.core.plan import Clash, Plan, Ruling, SideState, Write
from sync.core.records import Value, Values
from sync.core.scope import excluded
from sync.core.vocabulary import Outcome, Side
from sync.engine.clocks import on_our_clock
from sync.engine.conflicts import MOVED
from sync.engine.draft import Decision, Draft
from sync.engine.lost import is_lost, sentence
from sync.engine.pairing import Matcher
from sync.engine.references import References
from sync.engine.removal import REMOVED, ask_about_merge, decide_removal, looks_again, missing_side
from sync.engine.replace import decide_replacement, wants
from sync.engine.rules import PairRules
from sync.models.links import Intent, IntentState, Link, LinkState


@dataclass(kw_only=True)
class Desk:
    """Everything a batch of decisions needs, loaded once."""

    rules: PairRules
    references: References
    matcher: Matcher
    intents: Mapping[int, list[Intent]]
    rulings: Mapping[int, Mapping[str, Ruling]]
    kept: Mapping[int, tuple[Values, Values]]
    """Links that a person keeps under their webCRM parent, with what both sides said of it then."""
    creates: Mapping[Side, bool]
    removes: Mapping[Side, bool]
    read_fully: bool
    margin: timedelta
    """Edits closer than this are not told apart."""
    now: datetime

    def decide(self, link: Link) -> Decision:
        if link.state in (LinkState.PAUSED, LinkState.REMOVED, LinkState.MERGED):
            rests = Outcome.HELD if link.state == LinkState.PAUSED else Outcome.REMOVED
            return Decision(link=link, outcome=rests, candidates=link.candidates)
        if open_intents := self.intents.get(link.pk):
            return self._blocked(link, open_intents)
        if side := missing_side(link):
            return self._missing(link, side)
        if link.linked:
            return self.linked(link, fresh=False)
        return self._one_sided(link, Side.ERP if link.erp_key else Side.CRM)

    def _blocked(self, link: Link, intents: list[Intent]) -> Decision:
        """A write is still open: nothing may be planned on top of it."""
        if all(intent.state == IntentState.ACKNOWLEDGED for intent in intents):
            return Decision(link=link, outcome=Outcome.WRITTEN, candidates=link.candidates)
        why = "The outcome of a write is not known yet. The hub looks for it before it goes on."
        over = [intent for intent in intents if intent.look_after and intent.look_after <= self.now]
        if lost := [intent for intent in over if is_lost(self.rules, intent)]:
            why = sentence(self.rules, Side(lost[0].side))
        return Decision(link=link, outcome=Outcome.UNKNOWN, problem=why, candidates=link.candidates)

    def _missing(self, link: Link, side: Side) -> Decision:
        ruling = self.rulings.get(link.pk, {}).get(REMOVED)
        if side is Side.CRM and wants(self.rulings.get(link.pk, {}).get(MOVED)):
            return self._gone_before_replaced(link)
        decision = decide_removal(self.rules, link, side, removes=self.removes, ruling=ruling, now=self.now)
        if ruling is None and decision.drafts and (survivor := self._survivor(link, side)):
            return ask_about_merge(self.rules, link, side, survivor)
        return decision

    def _gone_before_replaced(self, link: Link) -> Decision:
        """Somebody removed what was to be left behind: nothing of the ERP's is to be removed for that."""
        suspected = looks_again(self.rules, link, Side.CRM, self.now)
        return suspected or Decision(link=link, outcome=Outcome.REMOVED, replaced=True)

    def _survivor(self, link: Link, side: Side) -> Link | None:
        """The record that a missing one was merged into: its system named it, or it bears the same match key."""
        return Link.objects.filter(pk__in=link.candidates).first() or self.matcher.namesake(link, side)

    def linked(self, link: Link, *, fresh: bool) -> Decision:
        """Both sides known: merge them. `fresh`: they met just now."""
        planned = plan(
            self.rules.rules,
            erp=self._state(link, Side.ERP),
            crm=self._state(link, Side.CRM),
            first_winner=Side(self.rules.pair.first_winner),
            margin=self.margin,
            references=self.references,
            rulings=self.rulings.get(link.pk, {}),
        )
        decision = from_plan(self.rules, link, planned, fresh=fresh)
        return self._moved_parent(link, decision)

    def _state(self, link: Link, side: Side) -> SideState:
        system = self.rules.pair.system(side)
        stamps = {
            path: on_our_clock(datetime.fromisoformat(text), system)
            for path, text in link.get(side, "stamps").items()
        }
        return SideState(now=link.get(side, "seen"), base=link.get(side, "base"), stamps=stamps)

    def _moved_parent(self, link: Link, decision: Decision) -> Decision:
        """webCRM cannot move a person: a move in the ERP is a conflict of its own kind."""
        parent = self.references.parent_of(link, Side.ERP)
        ruling = self.rulings.get(link.pk, {}).get(MOVED)
        if parent and parent.crm_key and parent.crm_key == link.crm_parent:
            return decision
        erp = {self.rules.pair.erp_parent_property: link.erp_parent}
        crm = {self.rules.pair.crm_parent_property: link.crm_parent}
        if wants(ruling) and ruling and (ruling.erp, ruling.crm) == (erp, crm):
            creates = self.creates[Side.CRM]
            return decide_replacement(self.rules, link, decision, parent=parent, creates=creates)
        if not parent or not parent.crm_key or not link.crm_parent:
            return decision
        if self.kept.get(link.pk) != (erp, crm):
            why = f"It moved to {parent} in the ERP; webCRM cannot move it. Keep it there, or make it anew."
            decision.clashes.append(Clash(rule=MOVED, erp=erp, crm=crm, why=why))
        return decision

    def _one_sided(self, link: Link, side: Side) -> Decision:
        seen = link.get(side, "seen")
        if why := excluded(self.rules.scope[side], seen):
            return Decision(link=link, outcome=Outcome.EXCLUDED, problem=why, state=LinkState.EXCLUDED)
        if not self.read_fully:
            return Decision(
                link=link,
                outcome=Outcome.WAITING,
                problem="Both sides must be read completely once.",
                retry=True,
            )
        if parental := self._parental(link, side):
            return parental
        found = self.matcher.find(link, side)
        if found.counterpart and found.counterpart.state == LinkState.PAUSED:
            why = f"Its counterpart '{found.counterpart}' is paused. Resume that to have the two linked."
            return Decision(link=link, outcome=Outcome.HELD, problem=why, candidates=[found.counterpart.pk])
        if found.counterpart:
            return Decision(link=link, outcome=Outcome.LINKED, counterpart=found.counterpart)
        if found.candidates:
            candidates = [other.pk for other in found.candidates]
            return Decision(link=link, outcome=Outcome.HELD, problem=found.why, candidates=candidates)
        return self._create(link, side)

    def _parental(self, link: Link, side: Side) -> Decision | None:
        """What a child's parent says of it: wait, leave out, or nothing in the way."""
        pair = self.rules.pair
        if pair.parent is None:
            return None
        parent = self.references.parent_of(link, side)
        if not link.get(side, "parent"):
            return Decision(
                link=link, outcome=Outcome.EXCLUDED, problem=f"It belongs to none of {pair.parent}."
            )
        if parent is not None and parent.state in (LinkState.EXCLUDED, LinkState.REMOVED):
            why = f"Its {pair.parent} record '{parent}' is out of scope."
            return Decision(link=link, outcome=Outcome.EXCLUDED, problem=why, waiting=True)
        if parent is None or not parent.linked:
            why = f"Waits for '{parent or link.get(side, 'parent')}' of {pair.parent} to be linked."
            return Decision(link=link, outcome=Outcome.WAITING, problem=why, waiting=True)
        return None

    def _create(self, link: Link, side: Side) -> Decision:
        other, pair = side.other, self.rules.pair
        if not (pair.creates_in(other) and self.creates[other]):
            why = f"Known in {pair.system(side)} only; this pair creates nothing in {pair.system(other)}."
            return Decision(link=link, outcome=Outcome.EXCLUDED, problem=why)
        if other not in self.rules.references:
            why = (
                f"Nothing can be created in {pair.system(other)}: no mapping keeps the other system's key there. "
                "Map it one way and name it in a match rule as reference."
            )
            return Decision(link=link, outcome=Outcome.HELD, problem=why)
        planned = plan_create(
            self.rules.rules, source=side, values=link.get(side, "seen"), references=self.references
        )
        decision = from_plan(self.rules, link, planned, fresh=False)
        if any(end.required for p in planned.problems for end in self.rules.by_name[p.rule].ends(other)):
            # A record without what its system insists on is refused, or worse, made without it.
            return Decision(link=link, outcome=Outcome.WAITING, problem=f"Not made yet: {decision.problem}")
        decision.settled, decision.merged = [], False
        stuck = {path for each in planned.problems for path in self.rules.by_name[each.rule].paths(side)}
        decision.drafts = [_of_the_whole(draft, link, side, self.rules, stuck) for draft in decision.drafts]
        return decision


def _of_the_whole(draft: Draft, link: Link, side: Side, rules: PairRules, stuck: set[str]) -> Draft:
    """A created record rests on everything its source said, blanks too, but for what could not travel."""
    seen = link.get(side, "seen")
    rests_on = [path for path in rules.types[side] if path in seen and path not in stuck]
    return replace(draft, source={path: seen[path] for path in rests_on})


def from_plan(rules: PairRules, link: Link, planned: Plan, *, fresh: bool) -> Decision:
    """A plan as a decision: drafts of writes, base moves, conflicts, and the outcome it comes to."""
    writes, refusals = _without_refused(rules, link, planned.writes)
    decision = Decision(
        link=link,
        outcome=Outcome.LINKED if fresh else Outcome.UNCHANGED,
        settled=list(planned.settled),
        clashes=list(planned.clashes),
        merged=True,
    )
    problems = [_field_problem(rules, p.rule, p.message) for p in planned.problems] + refusals
    if planned.waits:
        wait = planned.waits[0]
        decision.outcome, decision.waiting = Outcome.WAITING, True
        problems.append(f"Waits for '{wait.key}' of {wait.pair} to be linked.")
    if not (planned.waits and not link.linked):
        decision.drafts = _drafts(link, writes)
    decision.problem = " ".join(problems)
    decision.failed = bool(planned.problems or refusals)
    return decision


def _field_problem(rules: PairRules, rule: str, message: str) -> str:
    return f"{_field(rules.by_name[rule])}: {message}" if rule in rules.by_name else message


def _field(rule: Rule) -> str:
    return rule.crm[0].path


def _without_refused(
    rules: PairRules, link: Link, writes: tuple[Write, ...]
) -> tuple[list[Write], list[str]]:
    """Writes without the fields, and their groups, that were refused with this very value: repeating would not help."""
    refused = [write for write in writes if _was_refused(link, write)]
    behind = {side: rules.together({write.rule for write in refused if write.side is side}) for side in Side}
    kept = [write for write in writes if write.rule not in behind[write.side]]
    return kept, [f"{next(iter(write.values))}: {link.refused[write.rule]['message']}" for write in refused]


def _was_refused(link: Link, write: Write) -> bool:
    refusal = link.refused.get(write.rule)
    return bool(refusal and refusal["side"] == write.side and refusal["values"] == _text(write.values))


def _text(values: Values) -> dict[str, str]:
    return {path: str(value) for path, value in values.items()}


def _drafts(link: Link, writes: list[Write]) -> list[Draft]:
    return [
        _draft(link, side, [write for write in writes if write.side is side])
        for side in Side
        if any(write.side is side for write in writes)
    ]


def _draft(link: Link, side: Side, writes: list[Write]) -> Draft:
    key = link.get(side, "key")
    merged: dict[str, Value] = {path: value for write in writes for path, value in write.values.items()}
    return Draft(
        side=side,
        kind=OperationKind.UPDATE if key else OperationKind.CREATE,
        key=key,
        values=merged,
        source={path: value for write in writes for path, value in write.source.items()},
        before={path: value for write in writes for path, value in write.overwrites.items()},
        rules={path: write.rule for write in writes for path in write.values},
        whys={path: write.why for write in writes for path in write.values},
    )
