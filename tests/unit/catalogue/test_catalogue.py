"""The failure catalogue: complete, well-formed, and tolerant of spelling."""

from __future__ import annotations

import csv
import json
import re
import string
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hooklog.catalogue
from hooklog.catalogue import CATALOGUE, CATALOGUE_FILE, Catalogue, Explanation

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = Path(hooklog.catalogue.__file__).parent
DATA = Path(__file__).parent
MOST_METRIC_CODES = 24


def facts(name: str) -> list[dict[str, str]]:
    """Read a table of facts gathered independently of the catalogue."""
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object with a repeated key, which the JSON reader accepts."""
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), sorted(key for key in keys if keys.count(key) > 1)
    return dict(pairs)


def words(text: str) -> str:
    """Keep letters and digits, and replace the rest by single spaces."""
    return " ".join(re.findall(r"[^\W_]+", text))


CODES = facts("signalwire_codes.tsv")
FAX_TEXTS = facts("fax_texts.tsv")
DOCUMENTED = [row["text"] for row in FAX_TEXTS if row["documented"] == "yes"]
SPELLINGS = [(row["text"], also) for row in FAX_TEXTS for also in row["also"].split("|") if also]
RAW: dict[str, Any] = json.loads(
    (PACKAGE / "catalogue.json").read_text(encoding="utf-8"), object_pairs_hook=without_repeats
)


def assert_complete(found: Explanation | None, key: str) -> None:
    """Assert that an explanation has category, cause, advice, retry and severity."""
    assert found is not None, key
    assert found.key == key
    assert found.category
    assert found.cause
    assert found.advice
    assert isinstance(found.retry, bool)
    assert found.severity in {"info", "warning", "error"}


def test_file_is_valid() -> None:
    """The catalogue obeys its schema, and the schema obeys JSON Schema 2020-12."""
    schema = json.loads((PACKAGE / "catalogue.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(RAW)


@pytest.mark.parametrize(
    "entry",
    [
        {"source": "rest"},
        {"source": "rest", "same_as": "30003", "cause": "This entry has a cause of its own."},
        {**RAW["codes"]["30003"], "note": "not foreseen"},
        {**RAW["codes"]["30003"], "category": "weather"},
        {**RAW["codes"]["30003"], "cause": "A sentence that does not end. " * 6},
    ],
    ids=["empty", "reference_and_text", "extra_key", "unknown_category", "too_long"],
)
def test_schema_is_closed(entry: dict[str, Any]) -> None:
    """An entry that is incomplete, ambiguous or too long does not validate."""
    schema = json.loads((PACKAGE / "catalogue.schema.json").read_text(encoding="utf-8"))
    broken = {**RAW, "codes": {**RAW["codes"], "30003": entry}}
    assert not jsonschema.Draft202012Validator(schema).is_valid(broken)


def test_codes_are_in_order() -> None:
    """Numeric codes come first in order, then words alphabetically, so that diffs stay small."""
    codes = list(RAW["codes"])
    assert codes == sorted(codes, key=lambda c: (not c.isdigit(), int(c) if c.isdigit() else 0, c))


@pytest.mark.parametrize("row", CODES, ids=lambda row: row["code"])
def test_each_relevant_code_is_explained(row: dict[str, str]) -> None:
    """Every published code that concerns faxes or messages has a complete entry."""
    assert_complete(CATALOGUE.by_code(row["code"]), row["code"])


def test_catalogue_and_list_of_codes_agree() -> None:
    """The catalogue explains exactly the codes in the list of facts."""
    assert set(RAW["codes"]) == {row["code"] for row in CODES}


@pytest.mark.parametrize("row", CODES, ids=lambda row: row["code"])
def test_codes_name_their_source(row: dict[str, str]) -> None:
    """Numbers are credited to the compatibility API, words to REST, and 34004 to an example."""
    published = "compatibility" if row["family"] == "compatibility-numeric" else "rest"
    expected = "specification" if row["code"] == "34004" else published
    assert RAW["codes"][row["code"]]["source"] == expected


def test_references_reach_their_explanation_at_once() -> None:
    """``same_as`` names a code with an explanation of its own; only the key differs."""
    for code, entry in RAW["codes"].items():
        if "same_as" in entry:
            target = RAW["codes"][entry["same_as"]]
            assert "same_as" not in target, code
            found = CATALOGUE.by_code(code)
            assert found is not None
            assert (found.key, found.cause, found.advice) == (
                code,
                target["cause"],
                target["advice"],
            )


def test_documented_pair_has_one_explanation() -> None:
    """30011 and its symbolic equivalent have the same explanation."""
    one = CATALOGUE.by_code("30011")
    other = CATALOGUE.by_code("mms_expired_rejected_failed_or_unsupported")
    assert one is not None
    assert other is not None
    assert (one.category, one.cause, one.advice) == (other.category, other.cause, other.advice)


@pytest.mark.parametrize("code", ["30003", " 30003\n", "CARRIER_VIOLATION", " Carrier_Violation"])
def test_codes_are_found_despite_case_and_space(code: str) -> None:
    """Lookup of a code ignores case and surrounding space, and returns the normalised key."""
    assert_complete(CATALOGUE.by_code(code), code.strip().casefold())


@pytest.mark.parametrize("code", ["", " ", "0", "3000", "300033", "weather", "unknown", "codes"])
def test_unknown_code_is_not_found(code: str) -> None:
    """A code outside the catalogue has no explanation."""
    assert CATALOGUE.by_code(code) is None


def test_all_documented_texts_are_listed() -> None:
    """The facts hold the 18 documented texts and FreeSWITCH's results 1 to 61."""
    numbers = sorted(int(row["result_code"]) for row in FAX_TEXTS if row["result_code"])
    assert len(DOCUMENTED) == 18
    assert numbers == list(range(1, 62))
    assert len(FAX_TEXTS) == len(RAW["fax_texts"]) == 66


@pytest.mark.parametrize("row", FAX_TEXTS, ids=lambda row: row["text"])
def test_each_fax_text_is_explained(row: dict[str, str]) -> None:
    """Every fax result text has a complete entry with its number and source."""
    found = CATALOGUE.by_text(row["text"])
    assert found is not None
    assert_complete(found, found.key)
    entry = RAW["fax_texts"][found.key.removeprefix("fax:")]
    assert entry["text"] == row["text"]
    assert str(entry.get("result_code", "")) == row["result_code"]
    assert entry["source"] == ("fax_page" if row["documented"] == "yes" else "freeswitch")


@pytest.mark.parametrize("text", DOCUMENTED)
@pytest.mark.parametrize(
    "respell",
    [
        str,
        str.upper,
        str.lower,
        words,
        lambda text: "".join(c for c in text if c not in string.punctuation),
        lambda text: text.replace(" ", "  "),
        lambda text: f"  {text}.\r\n",
        lambda text: text.replace(" ", "_"),
    ],
    ids=["exact", "upper", "lower", "spaced", "bare", "doubled", "padded", "underscored"],
)
def test_documented_texts_are_found_loosely(text: str, respell: Callable[[str], str]) -> None:
    """Lookup of a documented text ignores case, punctuation and spacing."""
    found = CATALOGUE.by_text(text)
    assert found is not None
    assert CATALOGUE.by_text(respell(text)) == found


@pytest.mark.parametrize(("text", "also"), SPELLINGS)
def test_other_spellings_are_found(text: str, also: str) -> None:
    """A text that is misspelt at the source is found in its correct spelling too."""
    found = CATALOGUE.by_text(text)
    assert found is not None
    assert CATALOGUE.by_text(also) == CATALOGUE.by_text(also.upper()) == found


def test_misspelt_texts_are_known() -> None:
    """The two misspellings of the documentation each have a correct alias."""
    corrected = {text for text, _ in SPELLINGS}
    assert {
        "Unexpected DCM after EOM or MPS sequence",
        "Unexpected DCN while waiting for DCS DIS",
    } <= corrected


def test_no_two_fax_texts_are_taken_for_each_other() -> None:
    """Any two fax texts differ in more than case, spacing and punctuation."""
    spellings = [
        "".join(re.findall(r"[^\W_]+", spelling)).casefold()
        for entry in RAW["fax_texts"].values()
        for spelling in (entry["text"], *entry.get("aliases", []))
    ]
    assert len(spellings) == len(set(spellings))


@pytest.mark.parametrize("text", ["", " ", "...", "OK", "Everything is fine", "call dropped"])
def test_unknown_text_is_not_found(text: str) -> None:
    """A text outside the catalogue, such as that of success, has no explanation."""
    assert CATALOGUE.by_text(text) is None


@pytest.mark.parametrize(
    ("log_type", "status"),
    [
        ("fax", "busy"),
        ("fax", "no-answer"),
        ("fax", "canceled"),
        ("fax", "failed"),
        ("message", "undelivered"),
        ("message", "failed"),
    ],
)
def test_failed_statuses_are_explained(log_type: str, status: str) -> None:
    """A failure with neither code nor text is explained by its status."""
    assert_complete(CATALOGUE.by_status(log_type, status), f"status:{status}")
    assert_complete(CATALOGUE.by_status(log_type, f" {status.upper()} "), f"status:{status}")


def test_failed_means_another_thing_for_a_fax_than_for_a_message() -> None:
    """The explanation of ``failed`` depends on the type of log."""
    assert CATALOGUE.by_status("fax", "failed") != CATALOGUE.by_status("message", "failed")


@pytest.mark.parametrize(
    ("log_type", "status"),
    [("fax", "completed"), ("message", "delivered"), ("message", "busy"), ("voice", "failed")],
)
def test_other_statuses_are_not_found(log_type: str, status: str) -> None:
    """A status of success, or of an unknown type of log, has no explanation."""
    assert CATALOGUE.by_status(log_type, status) is None


def test_unknown_is_an_explanation_too() -> None:
    """The explanation of an unknown failure is complete and has severity ``error``."""
    assert_complete(CATALOGUE.unknown, "unknown")
    assert CATALOGUE.unknown.category == "unknown"
    assert CATALOGUE.unknown.severity == "error"


def test_what_needs_a_person_is_not_worth_a_blind_retry() -> None:
    """The catalogue advises a retry exactly for severity ``warning``."""
    entries = [
        *(entry for entry in RAW["codes"].values() if "same_as" not in entry),
        *RAW["fax_texts"].values(),
        *(entry for statuses in RAW["statuses"].values() for entry in statuses.values()),
        RAW["unknown"],
    ]
    for entry in entries:
        assert entry["retry"] == (entry["severity"] == "warning"), entry


def test_metric_codes_are_few() -> None:
    """Only the most frequent codes have a metric, because custom metrics cost money."""
    found = CATALOGUE.metric_codes
    assert found["fax"] == {"34004"}
    assert {"30003", "30007", "21610", "carrier_violation", "message_filtered"} <= found["message"]
    assert len(found["message"]) <= MOST_METRIC_CODES
    assert all(CATALOGUE.by_code(code) for codes in found.values() for code in codes)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (None, "none"),
        ("", "none"),
        (" \t", "none"),
        ("0", "none"),
        ("000", "none"),
        ("30003", "30003"),
        (" Carrier_Violation ", "carrier_violation"),
        # A word counts as the number of the same meaning.
        ("unreachable_destination_handset", "30003"),
        # Frequent, but for faxes.
        ("34004", "other"),
        # Rare.
        ("30022", "other"),
        ("30027", "other"),
        ("11200", "other"),
        ("99999", "other"),
        ("other", "other"),
    ],
)
def test_metric_code(code: str | None, expected: str) -> None:
    """The metric's code is the code itself, ``other`` or ``none``."""
    assert CATALOGUE.metric_code("message", code) == expected


def test_a_new_kind_of_log_has_no_metric_codes() -> None:
    """All codes of a kind without metric codes count as ``other``."""
    assert CATALOGUE.metric_code("voice", "30003") == "other"


@pytest.mark.parametrize("log_type", ["fax", "message"])
def test_what_a_row_names_is_found_again(log_type: str) -> None:
    """The key that a row stores leads back to its explanation."""
    known = CATALOGUE
    found = [known.by_code(code) for code in RAW["codes"]]
    found += [known.by_text(entry["text"]) for entry in RAW["fax_texts"].values()]
    found += [known.by_status(log_type, status) for status in RAW["statuses"][log_type]]
    for explanation in [*found, known.unknown]:
        assert explanation is not None
        assert known.by_key(log_type, explanation.key) == explanation
    assert known.by_key(log_type, "fax:gone") == known.by_key(log_type, "?") == known.unknown


@given(st.text())
def test_any_text_is_looked_up_safely(text: str) -> None:
    """No text makes a lookup raise."""
    for found in (
        CATALOGUE.by_text(text),
        CATALOGUE.by_code(text),
        CATALOGUE.by_status(text, text),
    ):
        assert found is None or found.cause


@given(st.data(), st.sampled_from([row["text"] for row in FAX_TEXTS]))
def test_noise_does_not_hide_a_text(data: st.DataObject, text: str) -> None:
    """Lookup of a text ignores any case, and any punctuation or space between letters."""
    noise = st.text(alphabet=string.punctuation + string.whitespace, max_size=2)
    noisy = "".join(
        data.draw(noise) + (char.upper() if data.draw(st.booleans()) else char.lower())
        for char in text
    )
    assert CATALOGUE.by_text(noisy) == CATALOGUE.by_text(text)


@given(
    st.sampled_from(["fax", "message"]),
    st.none() | st.text() | st.sampled_from([row["code"] for row in CODES]),
)
def test_metric_codes_are_bounded(log_type: str, code: str | None) -> None:
    """The metric's dimension has few values, whatever SignalWire sends."""
    allowed = CATALOGUE.metric_codes[log_type] | {"other", "none"}
    assert CATALOGUE.metric_code(log_type, code) in allowed


def test_catalogue_is_read_once(tmp_path: Path) -> None:
    """The file is read at the first lookup only."""
    copy = tmp_path / "catalogue.json"
    copy.write_bytes(CATALOGUE_FILE.read_bytes())
    known = Catalogue(copy)
    assert known.by_code("30003")
    copy.unlink()
    assert known.by_code("30005")


def test_import_reads_no_file() -> None:
    """The import opens no JSON file; the first lookup does."""
    script = (
        "import sys; opened = [];"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0]))"
        " if event == 'open' else None);"
        "import hooklog.catalogue;"
        "assert not any(name.endswith('.json') for name in opened), opened;"
        "hooklog.catalogue.CATALOGUE.by_code('30003');"
        "assert any(name.endswith('catalogue.json') for name in opened)"
    )
    env = {"PYTHONPATH": str(PACKAGE.parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
