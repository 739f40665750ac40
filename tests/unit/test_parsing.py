"""The parser: a model, or an error whose description names fields and shows no value."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from hooklog.errors import BadPayloadError
from hooklog.parsing import ValidationError, describe, parse, read_answer

PERSONAL = "+12025550143"


class Inner(BaseModel):
    """A nested model."""

    count: int


class Outer(BaseModel):
    """A model with an alias and a list of nested models."""

    sender: str = Field(alias="from")
    parts: list[Inner] = []


class Wide(BaseModel):
    """A model with more required fields than a description names."""

    a: int
    b: int
    c: int
    d: int
    e: int
    f: int


def refused(content: dict[str, object], model: type[BaseModel] = Outer) -> ValidationError:
    """Return the error of a content that does not fit."""
    with pytest.raises(ValidationError) as caught:
        parse(content, model)
    return caught.value


def test_content_becomes_the_model() -> None:
    """The result is an instance of the model, with the values under the fields' names."""
    parsed = parse({"from": "a", "parts": [{"count": 1}], "unknown": None}, Outer)
    assert type(parsed) is Outer
    assert (parsed.sender, parsed.parts) == ("a", [Inner(count=1)])


def test_any_mapping_is_content() -> None:
    """A read-only mapping parses like a dict, and the parser leaves the content alone."""
    content = {"from": "a"}
    assert parse(MappingProxyType(content), Outer) == parse(content, Outer)
    assert content == {"from": "a"}


@pytest.mark.parametrize(
    ("content", "description"),
    [
        ({}, "from: missing"),
        ({"from": 1}, "from: string_type"),
        ({"from": "a", "parts": [{"count": 1}, {"count": "x"}]}, "parts.1.count: int_parsing"),
        ({"from": None, "parts": 7}, "from: string_type; parts: list_type"),
    ],
)
def test_a_description_names_each_wrong_field(content: dict[str, object], description: str) -> None:
    """The description has the path of each field and pydantic's word for what is wrong."""
    assert describe(refused(content)) == description


def test_a_description_names_the_whole() -> None:
    """An error that concerns no single field is one of the whole content."""
    with pytest.raises(ValidationError) as caught:
        Inner.model_validate_json("7")
    assert describe(caught.value) == "the whole: model_type"


def test_a_description_is_short() -> None:
    """A description names five fields, and says that there are more."""
    assert describe(refused({}, Wide)) == (
        "a: missing; b: missing; c: missing; d: missing; e: missing; …"
    )
    assert describe(refused({"f": 1}, Wide)) == (
        "a: missing; b: missing; c: missing; d: missing; e: missing"
    )


@pytest.mark.parametrize("text", ["", "<html>", "null", f'["{PERSONAL}"]', "[" * 100_000])
def test_an_answer_that_is_no_object_is_named_without_its_text(text: str) -> None:
    """An operator reads what is wrong with it, and no value."""
    with pytest.raises(BadPayloadError) as caught:
        read_answer(text, Outer.model_validate)
    assert str(caught.value) == "The answer is not a JSON object."


@given(st.sampled_from(["from", "parts", "count"]), st.text(min_size=6))
def test_a_description_shows_no_value(name: str, value: str) -> None:
    """A wrong value may be personal data, so no description holds one."""
    content: dict[str, object] = {"from": 1, "parts": [{"count": f"{PERSONAL} {value}"}]}
    if name != "count":
        content[name] = [f"{PERSONAL} {value}"]
    description = describe(refused(content))
    assert PERSONAL not in description
    assert value not in description
