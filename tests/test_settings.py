"""Settings: which source wins, and that a bad value ends the start with one clear line. Starting itself: test_program."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from muster_server.__main__ import cli
from muster_server.settings import Settings
from running import running_server
from typer.testing import CliRunner

# Files that are given together only: of each one, those that it needs.
FILES = {
    "tls_cert": {"tls_key": "k"},
    "tls_key": {"tls_cert": "c"},
    "tls_client_ca": {"tls_cert": "c", "tls_key": "k"},
    "target_ca": {},
    "target_cert": {"target_ca": "a", "target_key": "k"},
    "target_key": {"target_ca": "a", "target_cert": "c"},
}
# Of each field: the default, and a value as a flag, a variable and the file give it.
LAYERS: dict[str, tuple[Any, tuple[str, Any], tuple[str, Any], tuple[str, Any]]] = {
    "host": ("127.0.0.1", ("127.0.0.2", "127.0.0.2"), ("127.0.0.3", "127.0.0.3"), ("'127.0.0.4'", "127.0.0.4")),
    "grpc_port": (9848, ("2", 2), ("3", 3), ("4", 4)),
    "nacos_grpc_port": (9848, ("2", 2), ("", None), ("4", 4)),
    "http_ports": ((8848, 9080, 30100), ("2,2", (2, 2)), ("", ()), ("[4, 4]", (4, 4))),
    "data_dir": (Path("muster-data"), ("b", Path("b")), ("c", Path("c")), ("'d'", Path("d"))),
    "storage": ("sqlite", ("memory", "memory"), ("memory", "memory"), ("'memory'", "memory")),
    "max_instances": (1_000_000, ("2", 2), ("3", 3), ("4", 4)),
    "max_content_bytes": (10 << 20, ("2", 2), ("3", 3), ("4", 4)),
    "max_total_content_bytes": (1 << 30, ("2", 2), ("3", 3), ("4", 4)),
    "max_definitions": (50_000, ("2", 2), ("3", 3), ("4", 4)),
    "max_total_schema_bytes": (256 << 20, ("2", 2), ("3", 3), ("4", 4)),
    "history_days": (30.0, ("2", 2.0), ("0.5", 0.5), ("4", 4.0)),
    **{name: (None, ("b", Path("b")), ("c", Path("c")), ("'d'", Path("d"))) for name in FILES},
    "ready_file": (None, ("b", Path("b")), ("c", Path("c")), ("'d'", Path("d"))),
    "auth": (False, ("true", True), ("true", True), ("true", True)),
    "login_lock_after": (3, ("2", 2), ("0", 0), ("4", 4)),
    "token_file": (None, ("b", Path("b")), ("c", Path("c")), ("'d'", Path("d"))),
    "key_file": (None, ("b", Path("b")), ("c", Path("c")), ("'d'", Path("d"))),
    "insecure": (False, ("true", True), ("true", True), ("true", True)),
    "agent": (True, ("false", False), ("false", False), ("false", False)),
}
BAD = {
    "grpc_port": ["nonsense", "-1", "65536", "1.5", "", "9" * 5000],
    "http_ports": ["nonsense", "1,-1", "1,65536", "1,,x", "1;2"],
    "storage": ["cloud", "", "SQLITE"],
    "max_instances": ["0", "-1", "many"],
    "max_content_bytes": ["0", str((12 << 20) + 1), "10M"],
    "max_total_content_bytes": ["0", "x"],
    "max_definitions": ["0", "many"],
    "max_total_schema_bytes": ["0", "much"],
    "history_days": ["-1", "nan", "1e9"],
    "login_lock_after": ["-1", "1001", "some"],
}
OPEN_HOSTS = ["0.0.0.0", "::", "10.0.0.1", "registry.example.com", "", "127.0.0.1.example.com", "localhost."]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, without variables of ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith("MUSTER_"):
            monkeypatch.delenv(name)
    return tmp_path


def refused(*arguments: str) -> str:
    """The one line with which the program refuses to start."""
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("muster: ")
    return result.stderr.strip()


def flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def test_layers_hold_every_setting() -> None:
    assert LAYERS.keys() == Settings.model_fields.keys()


@pytest.mark.parametrize("name", LAYERS)
def test_setting_that_nobody_gives_has_its_default(directory: Path, name: str) -> None:
    settings = Settings()

    assert getattr(settings, name) == LAYERS[name][0]


@pytest.mark.parametrize("name", LAYERS)
def test_file_wins_over_the_default(directory: Path, name: str) -> None:
    text, expected = LAYERS[name][3]
    (directory / "muster.toml").write_text(f"{name} = {text}\n")

    settings = Settings(**FILES.get(name, {}))

    assert getattr(settings, name) == expected


@pytest.mark.parametrize("name", LAYERS)
def test_environment_wins_over_the_file(directory: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, expected = LAYERS[name][2]
    (directory / "muster.toml").write_text(f"{name} = {LAYERS[name][3][0]}\n")
    monkeypatch.setenv(f"MUSTER_{name.upper()}", text)

    settings = Settings(**FILES.get(name, {}))

    assert getattr(settings, name) == expected


@pytest.mark.parametrize("name", LAYERS)
def test_flag_wins_over_the_environment(directory: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, expected = LAYERS[name][1]
    (directory / "muster.toml").write_text(f"{name} = {LAYERS[name][3][0]}\n")
    monkeypatch.setenv(f"MUSTER_{name.upper()}", LAYERS[name][2][0])

    settings = Settings(**{name: text}, **FILES.get(name, {}))

    assert getattr(settings, name) == expected


def test_settings_cannot_be_changed_once_made(directory: Path) -> None:
    settings = Settings()

    with pytest.raises(ValueError, match="frozen"):
        settings.host = "elsewhere"


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD.items() for value in values], ids=lambda v: v[:9]
)
def test_bad_value_of_a_flag_is_named_in_one_line(directory: Path, name: str, value: str) -> None:
    line = refused("serve", f"{flag(name)}={value}")

    assert name in line


@pytest.mark.parametrize("name", [name for name, needed in FILES.items() if needed])
@pytest.mark.parametrize("command", ["serve", "gateway"])
def test_file_of_tls_without_those_it_needs_is_refused(
    directory: Path, command: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MUSTER_{name.upper()}", "file")

    line = refused(command)

    assert name in line


@pytest.mark.parametrize(("name", "value"), [("grpc_port", "x"), ("http_ports", "x"), ("storage", "x"), ("insecure", "perhaps")])
def test_bad_value_of_a_variable_is_named_in_one_line(
    directory: Path, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MUSTER_{name.upper()}", value)

    line = refused("serve")

    assert name in line


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"grpc_port = 'x'\n", "grpc_port"),
        (b"grpc_port = 70000\n", "grpc_port"),
        (b"http_ports = [1, 'x']\n", "http_ports"),
        (b"http_ports = 5\n", "http_ports"),
        (b"host = 5\n", "host"),
        (b"storage = []\n", "storage"),
        (b"data_dir = 1\n", "data_dir"),
        (b"insecure = 'perhaps'\n", "insecure"),
        (b"[server]\nhost = 'x'\n", "server"),
        (b"grpcport = 1\n", "grpcport"),
        (b"grpc_port\n", "muster.toml"),
        (b"host = 'a'\nhost = 'b'\n", "muster.toml"),
        (b"host = '\xff'\n", "muster.toml"),
    ],
)
def test_bad_file_is_told_in_one_line(directory: Path, content: bytes, says: str) -> None:
    (directory / "muster.toml").write_bytes(content)

    line = refused("serve")

    assert says in line


@pytest.mark.parametrize("host", OPEN_HOSTS)
@pytest.mark.parametrize("command", ["serve", "gateway"])
def test_host_that_others_can_reach_is_refused_without_insecure(directory: Path, command: str, host: str) -> None:
    line = refused(command, f"--host={host}")

    assert "--insecure" in line


def test_host_that_others_can_reach_is_refused_wherever_it_is_set(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "muster.toml").write_text("host = '0.0.0.0'\n")

    by_file = [refused(command) for command in ("serve", "gateway")]
    monkeypatch.setenv("MUSTER_HOST", "::")
    by_variable = [refused(command) for command in ("serve", "gateway")]

    assert all("0.0.0.0" in line for line in by_file)
    assert all("host :: is open" in line for line in by_variable)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_host_of_this_machine_is_loopback(directory: Path, host: str) -> None:
    settings = Settings(host=host)

    assert settings.is_loopback


def test_bad_port_for_nacos_is_named_in_one_line(directory: Path) -> None:
    line = refused("gateway", "--nacos-grpc-port=65536")

    assert "nacos_grpc_port" in line


def test_gateway_takes_ports_from_the_environment(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_HTTP_PORTS", "x")

    line = refused("gateway")

    assert "http_ports" in line


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--data-dir", "/proc/muster"], "data directory"),
        (["--storage", "memory", "--ready-file", "/proc/muster/ready"], "/proc/muster/ready"),
        (["--storage", "memory", "--tls-cert", "none.pem", "--tls-key", "none.key"], "none.pem"),
        (["--storage", "memory", "--host", "no.such.host.invalid", "--insecure"], "no.such.host.invalid"),
    ],
    ids=["data-dir", "ready-file", "certificate", "host"],
)
def test_place_that_cannot_be_used_ends_the_start(directory: Path, flags: list[str], says: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "muster_server", "serve", "--grpc-port", "0", "--http-ports", "0", *flags]

    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)

    last = result.stderr.splitlines()[-1]
    assert result.returncode == 2
    assert last.startswith("muster: ")
    assert says in last
    assert "Traceback" not in result.stderr


async def test_addresses_of_an_ipv6_host_are_in_brackets(directory: Path) -> None:
    async with running_server(host="::1") as server, server.channel() as channel:
        await channel.channel_ready()

    assert server.grpc_target.startswith("[::1]:")
    assert json.dumps(server.http_urls).startswith('["http://[::1]:')
