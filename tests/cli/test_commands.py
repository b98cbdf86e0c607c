"""The tree of commands: each has an example and is in docs/cli.md."""

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
EXPECTED = """
serve gateway services instances register deregister watch drain explain connections top version completion backup restore
config-get config-publish config-edit config-diff config-history config-rollback config-gray-publish config-listen
ns-list ns-create ns-update ns-delete agents runtimes
env-list env-show env-create env-update env-delete app-list app-show app-create app-update app-delete app-vars app-set app-logs
component-list component-show component-create component-update component-delete job-list job-show job-follow
deployment-list deployment-show deployment-create deployment-upgrade deployment-scale deployment-start deployment-stop
deployment-restart deployment-rollback deployment-delete deployment-records deployment-logs
"""


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gen_docs", ROOT / "scripts" / "gen_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()
COMMANDS: dict[str, Any] = dict(GENERATOR.commands())


def test_every_promised_command_is_there() -> None:
    promised = {f"muster {name.replace('-', ' ')}" for name in EXPECTED.split()}

    assert promised <= set(COMMANDS)


def test_docs_are_what_the_commands_say() -> None:
    assert (ROOT / "docs" / "cli.md").read_text() == GENERATOR.page(), "run scripts/gen_docs.py"


@pytest.mark.parametrize("path", COMMANDS)
def test_command_is_in_the_docs_with_all_its_options(path: str) -> None:
    docs = (ROOT / "docs" / "cli.md").read_text()
    section = docs.partition(f"### {path}\n")[2].partition("\n### ")[0]

    assert section
    for param in COMMANDS[path].params:
        if param.param_type_name == "option":
            assert max(param.opts, key=len) in section


@pytest.mark.parametrize("path", COMMANDS)
def test_help_of_a_command_has_a_sentence_and_an_example_of_itself(path: str) -> None:
    command = COMMANDS[path]

    assert len(command.help.split()) > 3
    assert "Example:\n" in command.epilog
    assert f"{path} " in command.epilog + " "


@pytest.mark.parametrize("path", COMMANDS)
def test_example_of_a_command_is_a_command_line_that_it_takes(path: str) -> None:
    lines = COMMANDS[path].epilog.partition("Example:\n")[2].splitlines()
    for line in lines:
        words = shlex.split(re.sub(r"^.*\| |^\w+=\w+ | >+ .*$", "", line.strip()))
        if words[1:2] == ["--install-completion"]:
            continue

        context = COMMANDS[path].make_context(path, words[len(path.split()) :])

        assert context.params


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_and_argument_is_explained(path: str) -> None:
    for param in COMMANDS[path].params:
        assert param.hidden or param.help, param.name
