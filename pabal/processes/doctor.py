"""`pabal doctor`: what is used, versions, health, lag of the warehouse, disk."""
# ruff: noqa: T201

from __future__ import annotations

import platform
import re
import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING

import httpx
import msgspec
import psycopg
from django.utils.translation import gettext as _

import pabal
from pabal.config import Config, get

if TYPE_CHECKING:
    from pabal.campaigns.warehouse_status import Told

LOW_DISK = 2 * 1024**3


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report. `ok` false: something must be done; `advice` says what."""

    name: str
    ok: bool
    value: str
    advice: str = ""


def report(*, as_json: bool) -> int:
    """Print the findings; exit code 1 when something is not well."""
    config = get()
    findings = [_program(), _home(config), _postgres(config), *_processes(config)]
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(findings)).decode())
    else:
        width = max(len(f.name) for f in findings)
        for f in findings:
            print(f"{'✓' if f.ok else '✗'} {f.name:<{width}}  {f.value}")
            if f.advice:
                print(f"  {'':<{width}}  → {f.advice}")
    return 0 if all(f.ok for f in findings) else 1


def _program() -> Finding:
    value = (
        f"{pabal.__version__}, Python {platform.python_version()}, Django {version('django')}, chDB {version('chdb')}"
    )
    return Finding(name="Pabal", ok=True, value=value)


def _home(config: Config) -> Finding:
    home = config.home_path
    probe = home if home.exists() else home.parent
    free = shutil.disk_usage(probe).free
    ok = free > LOW_DISK
    return Finding(
        name="PABAL_HOME",
        ok=ok,
        value=f"{home} ({_('%(size)s GB free') % {'size': f'{free / 1024**3:.1f}'}})",
        advice="" if ok else _("Free some disk: PostgreSQL stops writing when the disk is full."),
    )


def _postgres(config: Config) -> Finding:
    kind = _("embedded") if config.embedded_database else "DATABASE_URL"
    try:
        with psycopg.connect(config.database_dsn, connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT current_setting('server_version'), pg_size_pretty(pg_database_size(current_database())),"
                " current_setting('server_version_num')::int"
            ).fetchone()
    except psycopg.OperationalError as error:
        advice = (
            _("Start it with “pabal up” or “pabal demo”.") if config.embedded_database else _("Check DATABASE_URL.")
        )
        return Finding(name="PostgreSQL", ok=False, value=f"{kind}: {str(error).splitlines()[0]}", advice=advice)
    assert row is not None
    ok = row[2] >= 150000
    advice = "" if ok else _("PostgreSQL 15 or newer is needed.")
    return Finding(name="PostgreSQL", ok=ok, value=f"{row[0]} ({kind}), {row[1]}", advice=advice)


def _processes(config: Config) -> list[Finding]:
    """Each process's own /healthz; the warehouse is known by the engine, which alone may open it."""
    ports = {"web": config.web_port, "edge": config.edge_port}
    ports |= {"engine": config.engine_port, "dispatch": config.dispatch_port}
    findings = []
    for name, port in ports.items():
        url = f"http://127.0.0.1:{port}/healthz"
        try:
            answer = httpx.get(url, timeout=2, trust_env=False)
            ok, value = answer.status_code == 200, answer.text.strip()[:200]
        except httpx.HTTPError:
            ok, value = False, _("does not answer at %(url)s") % {"url": url}
        advice = "" if ok else _("See %(log)s") % {"log": config.home_path / "logs" / f"{name}.log"}
        findings.append(Finding(name=name, ok=ok, value=value, advice=advice))
        if name == "engine" and ok:
            findings.append(_warehouse(config))
    return findings


def _told() -> Told | None:
    """What the engine told of the warehouse; None when the database does not say."""
    from django.db import DatabaseError

    from pabal.campaigns.warehouse_status import read

    try:
        return read()
    except DatabaseError:
        return None


def _warehouse(config: Config) -> Finding:
    kind = "CLICKHOUSE_URL" if config.clickhouse_url else _("embedded (chDB in the engine)")
    metrics = httpx.get(f"http://127.0.0.1:{config.engine_port}/metrics", timeout=2, trust_env=False).text
    lag = re.search(r"^pabal_warehouse_lag_seconds (\S+)", metrics, re.MULTILINE)
    release = re.search(r'pabal_warehouse_info\{.*version="([^"]+)"', metrics)
    seconds = float(lag[1]) if lag else 0.0
    told = _told()
    filling = told.status.filling if told and told.state == "filling" else None
    ok = seconds < 60 or filling is not None
    if filling is not None:
        how = _("it is being filled, %(share)s %%") % {"share": round(filling.share * 100)}
    else:
        events = f"{told.status.rows('event'):,}" if told else "?"
        how = _("%(events)s events, %(seconds)s s behind") % {"events": events, "seconds": f"{seconds:.1f}"}
    return Finding(
        name="ClickHouse",
        ok=ok,
        value=f"{release[1] if release else ''} {kind}, {how}".strip(),
        advice="" if ok else _("The engine's log says why."),
    )
