"""`muster serve`, and `muster gateway` and `muster agent` for its edge and its runner of deployments as processes of their own.

The command line of the client finds them by the entry points `muster.commands`; `python -m muster_server` has them alone.
"""

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import socket
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import structlog
import typer
import uvloop
from pydantic import ValidationError

from muster_server.agent import AgentApart
from muster_server.app import agent_serving, gateway_serving, serving, write_ready_file
from muster_server.settings import Settings
from muster_server.storage.port import StorageError

MAX_OPEN_FILES = 1 << 18

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Muster, a service registry.",
)


def _help(name: str) -> str:
    return Settings.model_fields[name].description or ""


@cli.callback()
def _root() -> None:
    """Muster, a service registry."""


@cli.command(epilog="\b\nExample:\n  muster serve --data-dir /var/lib/muster --http-ports 8848")
def serve(  # noqa: PLR0913, PLR0917  # one parameter for each flag
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help=_help("host"))] = None,
    grpc_port: Annotated[str | None, typer.Option(metavar="PORT", help=_help("grpc_port"))] = None,
    http_ports: Annotated[str | None, typer.Option(metavar="PORTS", help=_help("http_ports"))] = None,
    data_dir: Annotated[Path | None, typer.Option(metavar="DIRECTORY", help=_help("data_dir"))] = None,
    storage: Annotated[str | None, typer.Option(metavar="sqlite|memory", help=_help("storage"))] = None,
    max_instances: Annotated[str | None, typer.Option(metavar="COUNT", help=_help("max_instances"))] = None,
    max_content_bytes: Annotated[str | None, typer.Option(metavar="BYTES", help=_help("max_content_bytes"))] = None,
    max_total_content_bytes: Annotated[str | None, typer.Option(metavar="BYTES", help=_help("max_total_content_bytes"))] = None,
    max_definitions: Annotated[str | None, typer.Option(metavar="COUNT", help=_help("max_definitions"))] = None,
    max_total_schema_bytes: Annotated[str | None, typer.Option(metavar="BYTES", help=_help("max_total_schema_bytes"))] = None,
    history_days: Annotated[str | None, typer.Option(metavar="DAYS", help=_help("history_days"))] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("tls_cert"))] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("tls_key"))] = None,
    tls_client_ca: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("tls_client_ca"))] = None,
    ready_file: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("ready_file"))] = None,
    auth: Annotated[bool | None, typer.Option("--auth", help=_help("auth"))] = None,
    login_lock_after: Annotated[str | None, typer.Option(metavar="N", help=_help("login_lock_after"))] = None,
    key_file: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("key_file"))] = None,
    insecure: Annotated[bool | None, typer.Option("--insecure", help=_help("insecure"))] = None,
    agent: Annotated[bool | None, typer.Option("--agent/--no-agent", help=_help("agent"))] = None,
) -> None:
    """Run the server until SIGTERM or SIGINT. Flags win over MUSTER_* variables, those over muster.toml."""
    given: dict[str, Any] = {
        "host": host,
        "grpc_port": grpc_port,
        "http_ports": http_ports,
        "data_dir": data_dir,
        "storage": storage,
        "max_instances": max_instances,
        "max_content_bytes": max_content_bytes,
        "max_total_content_bytes": max_total_content_bytes,
        "max_definitions": max_definitions,
        "max_total_schema_bytes": max_total_schema_bytes,
        "history_days": history_days,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "tls_client_ca": tls_client_ca,
        "ready_file": ready_file,
        "auth": auth,
        "login_lock_after": login_lock_after,
        "key_file": key_file,
        "insecure": insecure,
        "agent": agent,
    }
    _run(_serve(_checked({name: value for name, value in given.items() if value is not None})))


@cli.command(epilog="\b\nExample:\n  muster gateway --target 10.0.0.1:9848 --http-ports 8848,9080")
def gateway(  # noqa: PLR0913, PLR0917  # one parameter for each flag
    target: Annotated[str, typer.Option(metavar="HOST:PORT", help="The server's gRPC address.")] = "127.0.0.1:9848",
    target_ca: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("target_ca"))] = None,
    target_cert: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("target_cert"))] = None,
    target_key: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("target_key"))] = None,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help=_help("host"))] = None,
    http_ports: Annotated[str | None, typer.Option(metavar="PORTS", help=_help("http_ports"))] = None,
    nacos_grpc_port: Annotated[str | None, typer.Option(metavar="PORT", help=_help("nacos_grpc_port"))] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("tls_cert"))] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("tls_key"))] = None,
    tls_client_ca: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("tls_client_ca"))] = None,
    ready_file: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("ready_file"))] = None,
    auth: Annotated[bool | None, typer.Option("--auth", help=_help("auth"))] = None,
    token_file: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("token_file"))] = None,
    insecure: Annotated[bool | None, typer.Option("--insecure", help=_help("insecure"))] = None,
) -> None:
    """Run the gateway alone, against a server elsewhere. It has HTTP and Nacos over gRPC: serve with `--http-ports ''`."""
    given: dict[str, Any] = {
        "target_ca": target_ca,
        "target_cert": target_cert,
        "target_key": target_key,
        "host": host,
        "http_ports": http_ports,
        "nacos_grpc_port": nacos_grpc_port,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "tls_client_ca": tls_client_ca,
        "ready_file": ready_file,
        "auth": auth,
        "token_file": token_file,
        "insecure": insecure,
    }
    settings = _checked({name: value for name, value in given.items() if value is not None})
    _run(_serve_gateway(settings, target))


@cli.command(epilog="\b\nExample:\n  muster agent --server 10.0.0.1:9848 --environment production")
def agent(  # noqa: PLR0913, PLR0917  # one parameter for each flag
    server: Annotated[str, typer.Option(metavar="HOST:PORT", help="The server's gRPC address.")] = "127.0.0.1:9848",
    environment: Annotated[str, typer.Option(metavar="NAME", help="Whose deployments it runs. Any that has no other agent.")] = "",
    namespace: Annotated[str, typer.Option(metavar="NAME", help="The environment's namespace.")] = "default",
    name: Annotated[str, typer.Option(metavar="NAME", help="Its own name, no other agent's. The machine's if not given.")] = "",
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where its replicas are reached. This machine's if not given.")] = "",
    data_dir: Annotated[Path, typer.Option(metavar="DIRECTORY", help="Packages, logs, and what runs.")] = Path("muster-agent"),
    stop_on_exit: Annotated[bool, typer.Option("--stop-on-exit", help="Stop what runs when it ends. Else that goes on.")] = False,
    target_ca: Annotated[Path | None, typer.Option(metavar="FILE", help="Authorities of the server, PEM: by TLS.")] = None,
    target_cert: Annotated[Path | None, typer.Option(metavar="FILE", help="Certificate that it shows the server, PEM.")] = None,
    target_key: Annotated[Path | None, typer.Option(metavar="FILE", help=_help("target_key"))] = None,
    token_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Holds the API token that it shows the server.")] = None,
) -> None:
    """Run deployments on this machine, as this user, for a server elsewhere. Replicas outlive it, and are found again."""
    given = {"target_ca": target_ca, "target_cert": target_cert, "target_key": target_key, "token_file": token_file}
    settings = _checked({name: value for name, value in given.items() if value is not None})
    apart = AgentApart(name or socket.gethostname()[:64], namespace, environment, host, data_dir, stop_on_exit)
    _run(_serve_agent(settings, apart, server))


async def _serve_agent(settings: Settings, apart: AgentApart, server: str) -> None:
    stop = _stop_signal()
    async with agent_serving(settings, apart, server):
        await stop.wait()


async def _serve_gateway(settings: Settings, target: str) -> None:
    stop = _stop_signal()
    _allow_many_connections()
    async with gateway_serving(settings, target) as running:
        if settings.ready_file is not None:
            write_ready_file(settings.ready_file, running)
        await stop.wait()


async def _serve(settings: Settings) -> None:
    stop = _stop_signal()
    _allow_many_connections()
    gc.disable()  # start makes much and drops nothing
    async with serving(settings) as running:
        _collect_seldom()
        if settings.ready_file is not None:
            write_ready_file(settings.ready_file, running)
        await stop.wait()


def _allow_many_connections() -> None:
    """Take as many open files as may be had, 262,144 at the most: each connection is one, and the usual soft limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS has a bound below the hard limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _collect_seldom() -> None:
    """From now on the garbage collector leaves alone what start has made. At 100,000 instances a run of it takes up to 40 ms."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _checked(given: dict[str, Any]) -> Settings:
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        _refuse(f"{'.'.join(map(str, first['loc'])) or 'settings'}: {first['msg']}")
    except ValueError as error:
        _refuse(f"muster.toml: {error}")
    if not (settings.is_loopback or settings.auth or settings.insecure):
        _refuse(f"host {settings.host} is open to other machines without authentication: say --auth, or --insecure if you mean it")
    return settings


def _run(program: Coroutine[Any, Any, None]) -> None:
    _configure_logging()
    try:
        uvloop.run(program)
    except* (OSError, StorageError) as group:
        _refuse(str(_first(group)))


def _first(error: BaseException) -> BaseException:
    """What happened, whatever groups of tasks it went through."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _refuse(problem: str) -> NoReturn:
    print(f"muster: {problem}", file=sys.stderr)  # noqa: T201  # the one line the user is to read
    raise SystemExit(2)


def _configure_logging() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
