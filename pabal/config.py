"""Configuration: `PABAL_HOME/pabal.toml` under the environment (`PABAL_…`), each option documented here and in
`docs/reference/settings.md`.

The environment wins over the file, the file over the defaults.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec

from pabal.errors import InvalidInput


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a deployment may set."""

    home: Annotated[str, "Folder of all state: databases, uploads, keys."] = "~/.pabal"
    database_url: Annotated[
        str,
        "PostgreSQL 15 or newer, as postgresql://…; empty: Pabal starts its own under PABAL_HOME. Also read from DATABASE_URL.",
    ] = ""
    clickhouse_url: Annotated[
        str,
        "ClickHouse server, as http(s)://user:password@host:port/database; empty: chDB inside the engine. Also read from CLICKHOUSE_URL.",
    ] = ""
    secret_key: Annotated[
        str, "Signs sessions and short links and encrypts credentials; empty: made once in PABAL_HOME/secret.key."
    ] = ""
    web_host: Annotated[str, "Address the console and API listen on."] = "127.0.0.1"
    web_port: Annotated[int, "Port of the console and API."] = 8000
    edge_host: Annotated[str, "Address the edge (short links, webhooks, event intake) listens on."] = "127.0.0.1"
    edge_port: Annotated[int, "Port of the edge."] = 8001
    engine_port: Annotated[int, "Port of the engine's /healthz and /metrics (loopback only)."] = 8002
    dispatch_port: Annotated[int, "Port of the dispatcher's /healthz and /metrics (loopback only)."] = 8003
    public_url: Annotated[str, "Address people open the console at; empty: http://web_host:web_port."] = ""
    link_base: Annotated[
        str, "Address short links begin with, e.g. https://go.shop.kr; empty: http://edge_host:edge_port."
    ] = ""
    allowed_hosts: Annotated[
        str, "Host names the console answers to, separated by commas; empty: those of public_url and loopback."
    ] = ""
    trusted_proxies: Annotated[
        str,
        "Addresses or networks of reverse proxies whose X-Forwarded-For is believed, separated by commas, e.g. 127.0.0.1,10.0.0.0/8.",
    ] = ""
    web_workers: Annotated[int, "Worker processes of the console and API."] = 1
    default_country: Annotated[str, "ISO country of phone numbers written in national form."] = "KR"
    currency: Annotated[str, "ISO currency of prices and balance: one credit is one unit of it."] = "KRW"
    time_zone: Annotated[str, "IANA zone in which the console shows and reads times until a user chooses another."] = (
        "Asia/Seoul"
    )
    language: Annotated[str, "Console language until a user chooses: ko or en."] = "ko"
    suppress_invalid_after: Annotated[
        int, "A number that carriers called invalid so many times in a row gets nothing more; 0: never mind."
    ] = 2
    suppress_unreachable_after: Annotated[
        int, "A number that could not be reached so many times in a row gets nothing more; 0: never mind."
    ] = 5
    api_per_minute: Annotated[int, "Requests a minute that one API key may make; 0: no limit."] = 1_200
    event_days: Annotated[
        int,
        "Days that events are kept in PostgreSQL; 0: for ever. Older ones are removed in small pieces. The warehouse keeps "
        "them until warehouse_event_days, but a rebuild brings back only what PostgreSQL has.",
    ] = 0
    warehouse_event_days: Annotated[
        int, "Days that events are kept in the warehouse, where segments count them; 0: for ever."
    ] = 0
    smtp_url: Annotated[
        str,
        "Mail server for alerts, as smtp://user:password@host:587 (with STARTTLS) or smtps://…; empty: no e-mail is sent.",
    ] = ""
    mail_from: Annotated[str, "Sender of the e-mails."] = "pabal@localhost"
    log_format: Annotated[str, "text or json."] = "text"
    log_level: Annotated[str, "DEBUG, INFO, WARNING or ERROR."] = "INFO"
    allow_fictional: Annotated[
        bool,
        "Also accept numbers kept for drama that libphonenumber refuses (UK 07700 900xxx, France 06 39 98 xx xx). "
        "The demo switches it on.",
    ] = False
    debug: Annotated[bool, "Show error pages with details. Never in production."] = False

    @property
    def home_path(self) -> Path:
        return Path(self.home).expanduser()

    @property
    def console_url(self) -> str:
        return (self.public_url or f"http://{self.web_host}:{self.web_port}").rstrip("/")

    @property
    def short_link_base(self) -> str:
        return (self.link_base or f"http://{self.edge_host}:{self.edge_port}").rstrip("/")

    @property
    def embedded_database(self) -> bool:
        return not self.database_url

    @property
    def database_dsn(self) -> str:
        """The PostgreSQL connection URI in use."""
        from pabal.processes.postgres import embedded_dsn

        return self.database_url or embedded_dsn(self.home_path)


def options() -> list[tuple[str, str, Any]]:
    """(name, documentation, default) of each option, for the reference and `pabal doctor`."""
    hints = get_type_hints(Config, include_extras=True)
    return [(f.name, hints[f.name].__metadata__[0], f.default) for f in msgspec.structs.fields(Config)]


def _file(home: Path) -> dict[str, Any]:
    path = home / "pabal.toml"
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path}: {error}", code="bad_settings_file") from None


def load() -> Config:
    """Read the configuration afresh. Raises InvalidInput when the file or a variable cannot be understood."""
    names = [field.name for field in msgspec.structs.fields(Config)]
    home = os.environ.get("PABAL_HOME", "~/.pabal")
    values = _file(Path(home).expanduser())
    for plain in ("DATABASE_URL", "CLICKHOUSE_URL"):
        if os.environ.get(plain):
            values[plain.lower()] = os.environ[plain]
    for name in names:
        if (value := os.environ.get(f"PABAL_{name.upper()}")) is not None:
            values[name] = value
    values["home"] = home
    try:
        return msgspec.convert(values, Config, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"Settings: {error}", code="bad_setting") from None


@cache
def get() -> Config:
    """The configuration of this process."""
    return load()


def secret_key(config: Config) -> str:
    """The installation's secret, made on first use (mode 0600). Two processes starting at once agree on one."""
    if config.secret_key:
        return config.secret_key
    path = config.home_path / "secret.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"secret.key.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
