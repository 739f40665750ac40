"""The tests' reader of PartiQL refuses what DynamoDB refuses; the adapter's tests read the rest."""

from __future__ import annotations

import pytest

from tests.partiql import write_of

#: Of an UPDATE.
CLAUSES = (
    'SET "version" = ? SET "a" = ? SET "a" = ?',
    'SET "version" = ? SET "a" = ? REMOVE "a"',
    'SET "version" = ? REMOVE "a" REMOVE "a"',
    'SET "version" = ? SET "pk" = ?',
    'SET "version" = ? REMOVE "pk"',
)


@pytest.mark.parametrize(
    "values", ["'pk': ?'version': ?", "'pk': ?, 'version': ?, ", "", "'version': ?", "'pk': ?"]
)
def test_what_is_no_statement_of_hooklogs_is_refused(values: str) -> None:
    """DynamoDB would refuse a list that is none, and hooklog writes no row without a version."""
    text = f'INSERT INTO "t" VALUE {{{values}}}'
    with pytest.raises(ValueError, match="INSERT"):
        write_of({"Statement": text, "Parameters": [{"N": "1"}] * text.count("?")})


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO \"t\" VALUE {'pk': ?, 'version': ?, 'a': ?, 'a': ?}",
        *(f'UPDATE "t" {one} WHERE "pk" = ? AND "version" = ?' for one in CLAUSES),
    ],
)
def test_no_path_stands_twice(text: str) -> None:
    """One path in two clauses makes a statement invalid, and so does a change of the key."""
    with pytest.raises(ValueError, match="Paths overlap"):
        write_of({"Statement": text, "Parameters": [{"N": "1"}] * text.count("?")})
