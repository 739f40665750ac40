"""Classification of addresses. The numbers are reserved for fiction or examples."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooklog.records.numbers import Party, party


@pytest.mark.parametrize(
    ("address", "country", "kind"),
    [
        ("+12025550143", "US", "fixed_line_or_mobile"),
        ("+18005550199", "US", "toll_free"),
        ("+16135550162", "CA", "fixed_line_or_mobile"),
        ("+442079460958", "GB", "fixed_line"),
        ("+61491570156", "AU", "mobile"),
        ("+80012345678", None, "toll_free"),
        ("+99999", None, "unknown"),
        ("+1202555014", None, "unknown"),
        ("+", None, "unknown"),
        ("+1" + "2" * 300, None, "unknown"),
    ],
)
def test_numbers(address: str, country: str | None, kind: str) -> None:
    """An international number yields the country and the type that its numbering plan states."""
    assert party(address) == Party(country, kind)


@pytest.mark.parametrize("code", ["911", "55501", "12345678"])
def test_short_codes(code: str) -> None:
    """Three to eight digits are a short code, which has no country."""
    assert party(code) == Party(None, "short_code")


@pytest.mark.parametrize("address", ["12", "123456789", "12025550143", "", "-", "#31#"])
def test_neither_number_nor_name(address: str) -> None:
    """Digits without a plus sign have an unknown type unless they are a short code."""
    assert party(address) == Party(None, "unknown")


@pytest.mark.parametrize(
    "address",
    [
        *("+266696687", "+86282452253", "+7378742833", "+2562533", "+8656696", "+7748283"),
        *("anonymous", "Restricted", "UNAVAILABLE", "unknown", "private", "blocked"),
    ],
)
def test_withheld_callers(address: str) -> None:
    """A word for a withheld caller, or its keypad digits, has no number and no country."""
    assert party(address) == Party(None, "withheld")


@pytest.mark.parametrize(
    "address", ["+12420000000", "+10000000000", "+12425550", "+124255501234", "+18765550"]
)
def test_impossible_numbers_of_the_north_american_plan(address: str) -> None:
    """The area code alone does not determine a country."""
    assert party(address) == Party(None, "unknown")


@pytest.mark.parametrize("name", ["ACME", "Acme 24", "4me", "Ämtli"])
def test_sender_names(name: str) -> None:
    """A sender with letters is a name."""
    assert party(name) == Party(None, "alphanumeric")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("whatsapp:+61491570156", Party("AU", "mobile", "whatsapp")),
        ("whatsapp:55501", Party(None, "short_code", "whatsapp")),
        ("sip:fax@example.com", Party(None, "unknown", "sip")),
        ("sip:+12025550143", Party("US", "fixed_line_or_mobile", "sip")),
        ("messenger:", Party(None, "unknown", "messenger")),
        ("messenger:12345678", Party(None, "unknown", "messenger")),
        ("client:12345", Party(None, "unknown", "client")),
        ("sip:anonymous", Party(None, "withheld", "sip")),
    ],
)
def test_channels(address: str, expected: Party) -> None:
    """The prefix before a colon is the channel; the rest is classified as if it stood alone."""
    assert party(address) == expected


@pytest.mark.parametrize("kind", phonenumbers.PhoneNumberType.values())
def test_types_are_told_apart(kind: int) -> None:
    """Each type of number in the numbering plans has a name of its own."""
    examples = [
        phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        for region in phonenumbers.SUPPORTED_REGIONS
        if (example := phonenumbers.example_number_for_type(region, kind)) is not None
    ]
    name = phonenumbers.PhoneNumberType.to_string(kind).lower()
    name = {"personal_number": "personal"}.get(name, name)
    if kind != phonenumbers.PhoneNumberType.UNKNOWN:
        assert name in {party(example).type for example in examples}


@given(st.text() | st.text(alphabet="+0123456789:;=ext tel").map(lambda text: "+" + text))
def test_any_address_is_classified(address: str) -> None:
    """No address, however odd, raises anything; each has a type."""
    found = party(address)
    assert found.type
    assert found.country is None or (len(found.country) == 2 and found.country.isalpha())
