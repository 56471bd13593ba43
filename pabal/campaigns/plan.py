"""The plan: audience × policy × content × schedule, as one row for every candidate.

One pass over pages of about 50,000 candidates, in bounded memory: the frozen audience, the verdict, the text (in worker
processes), then the rows. A review does the same and stores only the summary. A plan that is to be sent stores its
chunks one by one and goes on after the last one when it was interrupted; `campaigns.planning` does what comes before
and after.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import msgspec

from pabal.billing.queries import balance
from pabal.campaigns.candidates import PAGE, Candidates, estimate, name_of
from pabal.campaigns.chunks import Judged, build
from pabal.campaigns.compose import facts_of
from pabal.campaigns.inputs import PlanInput
from pabal.campaigns.kakao import Texts, prepare_kakao
from pabal.campaigns.outcome import summarise
from pabal.campaigns.render_pool import Made, Rendering, RenderPool, variables_of
from pabal.campaigns.summary import PlanSummary
from pabal.campaigns.ways import Way, find_ways
from pabal.campaigns.write import Chunk, PlanWriter, Progress
from pabal.content.compose import compile_content
from pabal.content.kakao import KakaoLink
from pabal.database import raw_cursor
from pabal.delivery.models import Link
from pabal.delivery.priorities import Priority
from pabal.delivery.short_links import short_links
from pabal.warehouse.client import Warehouse

RENDER_TIMEOUT = 120.0
"""Seconds that a page of texts may take: some hundred times what it takes."""

Report = Callable[[int, int], None]
"""Told (candidates done, candidates in all) after each chunk."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What is worked out before the first candidate is read."""

    ways: dict[str, Way]
    unpriced: tuple[str, ...]
    contents: Mapping[str, Made]
    texts: Texts | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        return variables_of(list(self.contents.values()))


def prepare(inputs: PlanInput, countries: list[str]) -> Prepared:
    """Choose senders and prices and compile the text for each country. Raises TemplateError (InvalidInput)."""
    if inputs.kakao is not None:
        made = prepare_kakao(inputs.kakao, inputs.senders, deadline=inputs.deadline, now=inputs.now)
        return Prepared(ways=made.ways, unpriced=made.unpriced, contents=made.contents, texts=made.texts)
    ways, unpriced = find_ways(
        inputs.senders,
        countries,
        allow_lms=inputs.content.allow_lms,
        on=inputs.now.date(),
        mms=inputs.content.mms,
    )
    senders = {sender.pk: sender for sender in inputs.senders}
    contents = {
        country: compile_content(
            inputs.content, facts_of(senders[way.sender_id]), country, short_links(), inputs.policy.purpose
        )
        for country, way in ways.items()
    }
    return Prepared(ways=ways, unpriced=tuple(unpriced), contents=contents)


def make_plan(
    inputs: PlanInput,
    warehouse: Warehouse,
    writer: PlanWriter,
    *,
    progress: Progress,
    report: Report = lambda done, total: None,
    page: int = PAGE,
) -> PlanSummary:
    """Plan, and store the chunks when the plan is to be sent. `progress`: what an earlier try has stored; `page`: candidates in a chunk.

    The caller holds the planning lock and has brought the warehouse up to date. Raises TemplateError (InvalidInput),
    `Unavailable`, and `PlanStopped`.
    """
    started = time.monotonic()
    countries = [str(code) for (code,) in warehouse.rows("SELECT DISTINCT country FROM profile") if code]
    prepared = prepare(inputs, countries)
    audience = replace(inputs.audience, variables=prepared.variables, own=progress.own)
    summaries = list(progress.summaries)
    done = sum(chunk.candidates for chunk in summaries)
    with (
        RenderPool(rows=estimate(warehouse, audience) - done) as pool,
        Candidates(
            warehouse, audience, name=name_of(inputs.plan_id, write=inputs.write), keep=progress.chunks > 0
        ) as candidates,
    ):
        report(done, candidates.total)
        chunks = _chunks(inputs, prepared, candidates, pool, progress, page)
        for chunk in _stored(chunks, writer) if inputs.write else chunks:
            summaries.append(chunk.summary)
            done += chunk.summary.candidates
            report(done, candidates.total)
    if inputs.write:
        _store_links(inputs.campaign_id, prepared)
    summary = summarise(
        summaries,
        senders=inputs.senders,
        now=inputs.now,
        deadline=inputs.deadline,
        per_minute=inputs.per_minute,
        available=balance().available,
        seconds=time.monotonic() - started,
    )
    return msgspec.structs.replace(summary, segments=dict(inputs.segments))


def _chunks(
    inputs: PlanInput, prepared: Prepared, candidates: Candidates, pool: RenderPool, progress: Progress, size: int
) -> Iterator[Chunk]:
    """Chunks in order. A few pages are being rendered while the next one is judged."""
    on_their_way: deque[tuple[Judged, int, Rendering]] = deque()
    slots = {sender.pk: max(1, sender.slots) for sender in inputs.senders}
    variables = [name for name in prepared.variables if name != "country"]
    number = progress.chunks

    def next_chunk() -> Chunk:
        nonlocal number
        judged, first_id, rendering = on_their_way.popleft()
        number += 1
        here = set(judged.countries)
        return build(
            judged,
            rendering.result(timeout=RENDER_TIMEOUT),
            first_id=first_id,
            number=number,
            campaign_id=inputs.campaign_id,
            now=inputs.now,
            slots=slots,
            texts=prepared.texts,
            unpriced=tuple(country for country in prepared.unpriced if country in here),
            priority=Priority.URGENT if inputs.urgent else Priority.USUAL,
        )

    for page in candidates.pages(after=progress.last_profile_id, size=size):
        judged = Judged(page, policy=inputs.policy, ways=prepared.ways, now=inputs.now, deadline=inputs.deadline)
        first_id = _reserve_ids(len(judged.kept)) if inputs.write else 0
        frame = judged.to_render(variables, first_id=first_id if inputs.write else None)
        on_their_way.append((judged, first_id, pool.submit(prepared.contents, frame)))
        if len(on_their_way) > pool.workers:
            yield next_chunk()
    while on_their_way:
        yield next_chunk()


def _stored(chunks: Iterator[Chunk], writer: PlanWriter) -> Iterator[Chunk]:
    """Store each chunk while the next one is made; a chunk comes out when it is committed."""
    with ThreadPoolExecutor(1, thread_name_prefix="plan-writer") as thread:
        before: tuple[Chunk, Future[None]] | None = None
        for chunk in chunks:
            if before is not None:
                before[1].result()
                yield before[0]
            before = chunk, thread.submit(writer.write, chunk)
        if before is not None:
            before[1].result()
            yield before[0]


def _reserve_ids(count: int) -> int:
    """The first of `count` consecutive message ids; ids of a plan that breaks off stay unused."""
    with raw_cursor() as cursor:
        row = cursor.execute("SELECT pabal_reserve_message_ids(%s)", [max(count, 1)]).fetchone()
    assert row is not None
    return int(row[0])


def _store_links(campaign_id: int, prepared: Prepared) -> None:
    """The targets of the tracked links; those of the texts in place of KakaoTalk belong to the campaign's part."""
    links = {(campaign_id, link.position): link for c in prepared.contents.values() for link in c.links}
    if prepared.texts is not None and prepared.texts.compiled is not None:
        links |= {(prepared.texts.campaign_id, link.position): link for link in prepared.texts.compiled.links}
    Link.objects.bulk_create(
        [
            Link(
                campaign_id=campaign,
                position=position,
                target=link.target_template,
                place=link.place if isinstance(link, KakaoLink) else "",
            )
            for (campaign, position), link in links.items()
        ],
        ignore_conflicts=True,
    )
