"""Regenerate protos/gen from protos/muster: Python modules, type stubs, gRPC stubs and one descriptor set.

The Nacos wire has no package, so a module of it would claim names such as `Payload` in the pool that all modules of a process
share, and collide with a Nacos SDK's own. It becomes a descriptor set only, which the gateway loads into a pool of its own.

Run it in the commit that changes a proto. `--check` writes nothing and fails when what is committed is stale.
"""

import argparse
import filecmp
import re
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
GENERATED = PROTOS / "gen" / "muster"
SERVICE = re.compile(r"^service\s", re.MULTILINE)


def main() -> int:
    """Generate, or compare with --check. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail if protos/gen is stale; write nothing")
    arguments = parser.parse_args()
    floor = re.search(r'"grpcio>=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    if floor is None or version("grpcio-tools") != floor.group(1):
        print(f"grpcio-tools is {version('grpcio-tools')}, but stubs must be generated with the floor of grpcio in pyproject.toml")
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        generate(fresh)
        stale = differences(fresh / "muster", GENERATED)
        if arguments.check:
            for name in stale:
                print(f"stale: protos/gen/muster/{name}; run scripts/gen_protos.py")
            return 1 if stale else 0
        for name in stale:
            target, source = GENERATED / name, fresh / "muster" / name
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
            else:
                target.unlink()
        print(f"protos/gen: {len(stale)} files changed")
    return 0


def generate(out: Path) -> None:
    """Write everything into `out`. Raises SystemExit if protoc refuses."""
    files = sorted((PROTOS / "muster").rglob("*.proto"))
    services = [path for path in files if SERVICE.search(path.read_text())]
    include = [f"-I{PROTOS}", f"-I{Path(grpc_tools.__file__).parent / '_proto'}"]
    (out / "muster").mkdir(parents=True)
    run([*include, f"--python_out={out}", f"--pyi_out={out}", *map(str, files)])
    run([*include, f"--grpc_python_out={out}", *map(str, services)])
    descriptors = out / "muster" / "descriptors.binpb"
    run([*include, "--include_imports", f"--descriptor_set_out={descriptors}", *map(str, files)])
    nacos = out / "muster" / "nacos_grpc_service.binpb"
    run([*include, "--include_imports", f"--descriptor_set_out={nacos}", str(PROTOS / "nacos_grpc_service.proto")])
    (out / "muster" / "py.typed").touch()
    for folder in {path.parent.relative_to(PROTOS) for path in files}:
        for package in [folder, *folder.parents[:-1]]:
            (out / package / "__init__.py").touch()


def run(arguments: list[str]) -> None:
    """Call protoc. Raises SystemExit if it fails; protoc has then printed why."""
    if protoc.main(["protoc", *arguments]) != 0:
        raise SystemExit(1)


def differences(fresh: Path, committed: Path) -> list[str]:
    """Names, relative to both folders, of files that differ or stand in one of them only."""
    names = {str(path.relative_to(base)) for base in (fresh, committed) for path in base.rglob("*") if path.is_file()}
    return sorted(name for name in names if "__pycache__" not in name and not _is_same(fresh / name, committed / name))


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and filecmp.cmp(one, other, shallow=False)


if __name__ == "__main__":
    sys.exit(main())
