"""`bin/chaos --messages N --kills K [--seed S] [--json FILE]`: ends non-zero when a message was sent twice or lost."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaos.world import World

SIZE = 10_000
"""People of one campaign."""

#: Who is killed, and how often in proportion.
VICTIMS = {"dispatch-1": 6, "dispatch-2": 6, "engine": 3, "edge": 2, "web": 1, "postgres": 1, "smsc": 1, "gateway": 1}


def main() -> int:
    options = argparse.ArgumentParser(prog="bin/chaos", description=__doc__)
    options.add_argument("--messages", type=int, default=20_000)
    options.add_argument("--kills", type=int, default=10)
    options.add_argument(
        "--seed", type=int, default=None, help="0, 1, …: the same victims at the same points of progress"
    )
    options.add_argument("--json", type=Path, metavar="FILE", help="write the tally as JSON, too")
    options.add_argument("--keep", action="store_true", help="leave the folder with every log")
    chosen = options.parse_args()
    home = Path(tempfile.mkdtemp(prefix="pabal-chaos-"))
    home.chmod(0o755)
    _environment(home)
    try:
        return _run(home, chosen.messages, chosen.kills, chosen.seed, chosen.json)
    finally:
        if chosen.keep:
            print(f"logs: {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)


def _environment(home: Path) -> None:
    for name in [n for n in os.environ if n.startswith("PABAL_")] + ["DATABASE_URL", "CLICKHOUSE_URL"]:
        os.environ.pop(name, None)
    os.environ |= {
        "PABAL_HOME": str(home),
        "PABAL_ALLOW_FICTIONAL": "true",
        "DJANGO_SETTINGS_MODULE": "pabal.settings",
    }


def _run(home: Path, messages: int, kills: int, seed: int | None, report: Path | None) -> int:
    from chaos.world import World

    world = World(home)
    os.environ["PABAL_EDGE_PORT"] = str(world.ports["edge"])
    world.postgres.start()
    import django

    django.setup()
    from django.core.management import call_command

    from chaos import campaigns
    from chaos.judge import judge

    call_command("migrate", verbosity=0, interactive=False)
    started = time.monotonic()
    world.start()
    try:
        count = max(2, messages // SIZE)
        drafts = campaigns.campaigns(count, messages // count, campaigns.senders(world.smsc.port, world.gateway_port))
        launching = threading.Thread(target=_launch, args=(drafts,), daemon=True)
        launching.start()
        killed = _torment(world, messages, kills, random.Random(seed), launching)
        _settle(world, launching)
    finally:
        world.stop()
    verdict = judge(world.smsc.log, world.gateway_log)
    world.postgres.stop()
    seconds = time.monotonic() - started
    deaths = sum(killed[name] for name in VICTIMS)
    print(f"{verdict.planned:,} messages, {deaths} kills in {seconds:.0f} s: {dict(killed)}")
    print(
        f"carriers took {verdict.taken:,}; twice {verdict.twice}; lost {verdict.lost}; accepted {verdict.accepted:,}, "
        f"unknown {verdict.unknown:,} (the carriers have {verdict.unknown_at_carrier:,} of them), "
        f"rejected {verdict.rejected:,}, delivered {verdict.delivered:,}"
    )
    print(f"why unknown: {verdict.unknown_why}")
    for failure in verdict.failures:
        print(f"FAILED: {failure}")
    if report:
        report.write_text(
            json.dumps(
                dataclasses.asdict(verdict)
                | {"kills": deaths, "trouble": dict(killed), "seconds": round(seconds, 1), "seed": seed},
                indent=1,
            )
        )
    return 1 if verdict.failures or verdict.planned < messages // count * count else 0


def _launch(drafts: list[object]) -> None:
    """Launch one campaign after the other, trying again when the database is away."""
    from django.db import DatabaseError, close_old_connections

    from chaos import campaigns
    from pabal.campaigns.models import Campaign, CampaignState
    from pabal.errors import PabalError

    for draft in drafts:
        while True:
            close_old_connections()
            try:
                campaign = Campaign.objects.get(pk=draft.pk)  # type: ignore[attr-defined]
                if campaign.state != CampaignState.DRAFT:
                    break
                campaigns.launch(campaign)
            except (DatabaseError, PabalError, RuntimeError) as error:
                print(f"launch of {draft}: {error}", file=sys.stderr)
                time.sleep(0.5)


def _torment(
    world: World, messages: int, kills: int, choose: random.Random, launching: threading.Thread
) -> Counter[str]:
    """Kill at points spread over the progress, with other trouble now and then."""
    done: Counter[str] = Counter()
    names, weights = list(VICTIMS), list(VICTIMS.values())
    for kill in range(kills):
        goal = messages * (kill + 1) // (kills + 2)
        patience = time.monotonic() + 10  # unknown messages never arrive
        while world.taken() < goal and time.monotonic() < patience:
            time.sleep(0.05)
            world.revive()
        time.sleep(choose.random() * 0.3)
        name = choose.choices(names, weights)[0]
        _trouble(world, choose, done)
        world.kill(name, choose)
        done[name] += 1
    return done


def _trouble(world: World, choose: random.Random, done: Counter[str]) -> None:
    """Now and then something that is worse than a death. The same numbers are drawn whatever happens."""
    dice, seconds, hours = choose.random(), 2 + choose.random() * 16, choose.choice((-6, -1, 1, 3, 5, 30))
    dispatcher, carrier = choose.choice(("dispatch-1", "dispatch-2")), choose.choice(("smsc", "gateway"))
    if dice < 0.05:
        world.stall(dispatcher, seconds)  # up to three seconds longer than a lease
        done[f"{dispatcher} asleep"] += 1
    elif dice < 0.10:
        world.freeze(carrier, seconds)
        done[f"{carrier} stalled"] += 1
    elif dice < 0.15:
        done[f"{dispatcher} with a wrong clock" if world.wrong_clock(dispatcher, hours * 3600) else "no faketime"] += 1


def _settle(world: World, launching: threading.Thread) -> None:
    """Wait until every campaign is over and receipts have stopped coming."""
    from django.db import DatabaseError, close_old_connections, connection

    from chaos import campaigns

    deadline = time.monotonic() + 600
    quiet, before = 0.0, -1
    while quiet < 6:
        if time.monotonic() > deadline:
            print("FAILED: it did not come to an end within ten minutes", file=sys.stderr)
            return
        time.sleep(1)
        world.revive()
        close_old_connections()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM message_event")
                (events,) = cursor.fetchone()
            over = not launching.is_alive() and campaigns.all_over()
        except DatabaseError:
            continue
        quiet = quiet + 1 if over and events == before else 0
        before = events


if __name__ == "__main__":
    sys.exit(main())
