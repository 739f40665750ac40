"""The mutants that mutmut makes of a module, told apart by their text.

mutmut numbers the mutants of a function, and each change of the function shifts the numbers. A
judgement has to outlive that, so a mutant is known here by its function and by the lines before and
after the change.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import groupby
from pathlib import Path
from textwrap import dedent

from mutmut.mutation.data import LineSpan, MutantLineSpans, SourceFileMutationData
from mutmut.mutation.file_mutation import compute_function_hashes, mutate_file_contents
from mutmut.utils.format_utils import (
    get_mutant_name,
    mangled_name_from_mutant_name,
    orig_function_and_class_names_from_key,
)

from hooklog import errors
from tests.mutation.judgements import Change, Mutant, Rule

#: Errors whose text an operator acts on: it says which setting, event or callback to correct.
_ACTED_ON = {"SettingsError", "BackfillError", "EventError", "CallbackMalformedError"}
#: For all others, the entry of the code in docs/error-codes.md says what to do.
_CODED = {
    name
    for name, found in vars(errors).items()
    if isinstance(found, type) and hasattr(found, "code") and name not in _ACTED_ON
}


def make_mutants(module: str, source: str) -> list[Mutant]:
    """Return the mutants that mutmut makes of a module, such as ``enrich/retry.py``."""
    path = Path("hooklog", module)
    made = mutate_file_contents(str(path), source)
    names = [get_mutant_name(path, name) for name in made.mutant_names]
    return list(_mutants(names, made.code, made.line_span_by_function_name))


def read_mutants(module: str) -> list[Mutant]:
    """Return the mutants that mutmut made of a module, where the current directory is its tree."""
    path = Path("hooklog", module)
    kept, spans = SourceFileMutationData(path=path), MutantLineSpans.load(path)
    kept.load()
    if spans is None:
        raise FileNotFoundError(f"mutmut made no mutants of {module}.")
    code = spans.mutants_path.read_text(encoding="utf-8")
    return list(_mutants(list(kept.exit_code_by_key), code, spans.span_by_function_name))


def functions_changed(old: str, new: str) -> set[str]:
    """Return mutmut's names of the functions in a module that changed or are new."""
    was = compute_function_hashes(old)
    return {name for name, now in compute_function_hashes(new).items() if was.get(name) != now}


def _mutants(names: list[str], code: str, spans: Mapping[str, LineSpan]) -> Iterator[Mutant]:
    lines = code.splitlines()

    def text(name: str) -> list[str]:
        generated = name.rpartition(".")[2]
        span = spans[generated]
        function = dedent("\n".join(lines[span.start - 1 : span.end])).strip()
        return function.replace(generated, "_", 1).splitlines()

    for function, group in groupby(names, mangled_name_from_mutant_name):
        mutants = list(group)
        original, copies = text(f"{function}__mutmut_orig"), [text(one) for one in mutants]
        short, owner = orig_function_and_class_names_from_key(mutants[0])
        for name, copy, change in zip(mutants, copies, _changes(original, copies), strict=True):
            yield Mutant(
                name,
                Change(f"{owner}.{short}" if owner else short, *change),
                partial(_rule, original, copy),
            )


def _changes(original: list[str], copies: list[list[str]]) -> list[tuple[str, str]]:
    """Return what each copy changes, with enough lines above it to tell it from the others."""
    above = [0] * len(copies)
    while True:
        found = [_change(original, *pair) for pair in zip(copies, above, strict=True)]
        times = Counter(found)
        # Mutants with the same text do the same: mutmut takes either of two equal arguments away.
        if max(times.values()) == 1 or max(above) > len(original):
            return found
        above = [lines + (times[one] > 1) for lines, one in zip(above, found, strict=True)]


def _change(original: list[str], copy: list[str], above: int) -> tuple[str, str]:
    shorter = min(len(original), len(copy))
    start = next((at for at in range(shorter) if original[at] != copy[at]), shorter)
    rest = shorter - start
    same = next((at for at in range(rest) if original[-1 - at] != copy[-1 - at]), rest)
    start = max(0, start - above)
    before, after = original[start : len(original) - same], copy[start : len(copy) - same]
    return dedent("\n".join(before)).strip(), dedent("\n".join(after)).strip()


def _rule(original: list[str], copy: list[str]) -> Rule | None:
    """Return the rule by which the change may survive, if there is one."""
    for rule, blank in ((Rule.WORDING, _Wording()), (Rule.UNREAD, _Unread())):
        if _without(blank, original) == _without(blank, copy):
            return rule
    return None


def _without(blank: ast.NodeTransformer, lines: list[str]) -> str:
    return ast.dump(blank.visit(ast.parse("\n".join(lines))))


class _Wording(ast.NodeTransformer):
    """Empties the texts of coded errors where they are raised; what is put into one stays.

    Replacing a text by None counts as a change of wording, too.
    """

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        match node.exc:
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in _CODED:
                for argument in arguments:
                    parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
                    for part in parts:
                        if isinstance(part, ast.Constant) and isinstance(part.value, str | None):
                            part.value = ""
        return node


class _Unread(ast.NodeTransformer):
    """Takes out the type of a cast, and `strict` of batched where it is false anyway."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node:
            case ast.Call(func=ast.Name(id="cast"), args=[_, value]):
                what_is_cast: ast.AST = self.visit(value)
                return what_is_cast
            case ast.Call(func=ast.Name(id="batched")):
                node.keywords = [one for one in node.keywords if not _is_off(one)]
        self.generic_visit(node)
        return node


def _is_off(keyword: ast.keyword) -> bool:
    match keyword:
        case ast.keyword(arg="strict", value=ast.Constant(value=value)):
            return not value
        case _:
            return False
