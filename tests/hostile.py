"""Texts from outside that act, hide or mislead where they are shown, and what is shown instead.

Each stands for a kind; the source is a public report of the kind, or its number in MITRE's lists.
"""

from __future__ import annotations

from typing import NamedTuple


class Hostile(NamedTuple):
    """A text from outside.

    Attributes:
        kind: what it does.
        text: as it comes.
        shown: on one line of a terminal.
        source: where the kind is reported.

    """

    kind: str
    text: str
    shown: str
    source: str


TEXTS = (
    # What a terminal acts on.
    Hostile("clears the screen", "a\x1b[2Jb", r"a\x1b[2Jb", "CWE-150"),
    Hostile("colours what follows", "\x1b[31ma", r"\x1b[31ma", "CWE-150"),
    Hostile("fills the clipboard", "\x1b]52;c;eA==\x07", r"\x1b]52;c;eA==\x07", "vercel/ai#20052"),
    Hostile("sets the title", "\x1b]0;t\x1b\\", "\\x1b]0;t\\x1b\\", "vercel/ai#20052"),
    Hostile(
        "links elsewhere",
        "\x1b]8;;https://a.example\x07b",
        r"\x1b]8;;https://a.example\x07b",
        "jamie8johnson/cqs#1400",
    ),
    Hostile("makes the terminal type", "\x1b[6n", r"\x1b[6n", "vercel/ai#20052"),
    Hostile("a device control string", "\x1bP$qm\x1b", r"\x1bP$qm\x1b", "vercel/ai#20052"),
    Hostile("resets the terminal", "\x1bc", r"\x1bc", "vercel/ai#20052"),
    Hostile("C1 instead of ESC", "\x9b2J\x9d0;t\x90", r"\x9b2J\x9d0;t\x90", "snipcontext#196"),
    Hostile("writes over the line", "failed\rfine", r"failed\rfine", "CWE-117"),
    Hostile("takes characters back", "bad\b\b\bok", r"bad\x08\x08\x08ok", "CWE-150"),
    Hostile("rings", "a\x07", r"a\x07", "secure.phabricator.com/T8243"),
    Hostile("nothing, and a deletion", "a\x00b\x7fc", r"a\x00b\x7fc", "hucre#164"),
    # What forges a line.
    Hostile("a further line", "a\nb", r"a\nb", "CWE-117"),
    Hostile("other line breaks", "a\x0bb\x0cc", r"a\x0bb\x0cc", "aelassas/servy#2172"),
    Hostile("next line", "a\x85b", r"a\x85b", "owasp-security-logging#59"),
    Hostile("Unicode's line breaks", "a\u2028b\u2029c", r"a\u2028b\u2029c", "khive#2055"),
    # What misleads the eye.
    Hostile("turns the direction", "a\u202eb\u202c", r"a\u202eb\u202c", "CVE-2021-42574"),
    Hostile("isolates a direction", "a\u2066b\u2069", r"a\u2066b\u2069", "CVE-2021-42574"),
    Hostile("direction marks", "a\u200eb\u200f\u061c", r"a\u200eb\u200f\u061c", "gwm-cli#502"),
    Hostile("no width", "a\u200bb\u2060c\ufeff", r"a\u200bb\u2060c\ufeff", "rust-2026-template#76"),
    Hostile("a soft hyphen", "a\u00adb", r"a\xadb", "agent-browser-shield#204"),
    Hostile("a second alphabet", "a\U000e0041", r"a\U000e0041", "CVE-2025-32711"),
    Hostile("Hangul fillers", "a\u3164\u115f\uffa0", r"a\u3164\u115f\uffa0", "addons-server#21439"),
    Hostile("an empty pattern", "a\u2800b", r"a\u2800b", "addons-server#21439"),
    Hostile("variation selectors", "a\ufe0f\U000e0100", r"a\ufe0f\U000e0100", "book-to-skill#178"),
    Hostile("a joiner", "a\u034fb", r"a\u034fb", "agent-browser-shield#204"),
    Hostile("annotations", "a\ufff9b\ufffb", r"a\ufff9b\ufffb", "book-to-skill#182"),
    Hostile("old format controls", "a\u206ab", r"a\u206ab", "book-to-skill#182"),
    Hostile("no character", "a\ue000\uffff", r"a\ue000\uffff", "jellyfin-plugin-sso#1195"),
    # What a library takes for its own language.
    Hostile("markup", "[red]a[/] [/b]", "[red]a[/] [/b]", "deepagents#1888"),
    Hostile("a link in markup", "[link=https://a.example]b[/link]", "[link=", "deepagents#1888"),
    Hostile("nested brackets", "[type=x, v={'a[0]'}]", "[type=x, v={'a[0]'}]", "textual#6614"),
    Hostile("a backslash at the end", "C:\\fax\\", "C:\\fax\\", "rich#2993"),
    Hostile("a backslash and a bracket", "\\[b]a\\\\", "\\[b]a\\\\", "rich#878"),
    Hostile("an emoji code", "code:x: :warning:", "code:x: :warning:", "rich's emoji codes"),
    Hostile("a SIP address", "sip:fax@[2001:db8:100::1]", "sip:fax@[2001:db8:100::1]", "RFC 3261"),
    Hostile("a format", "{0.__class__} %s %n", "{0.__class__} %s %n", "CWE-134"),
    Hostile("a script", "<script>alert(1)</script>", "<script>alert(1)</script>", "CWE-79"),
    Hostile("an attribute", "\" autofocus onfocus='a", "\" autofocus onfocus='a", "CWE-79"),
    Hostile("an end of a text", "</pre></title>-->", "</pre></title>-->", "CWE-79"),
    Hostile("an entity", "&lt;b&gt;", "&lt;b&gt;", "CWE-79"),
    Hostile("an address", "javascript:alert(1)", "javascript:alert(1)", "Markup.js#48"),
    Hostile("a template", "{{ 7*7 }}{% raw %}", "{{ 7*7 }}{% raw %}", "CWE-1336"),
    Hostile("a formula", "$\\frac{$", "$\\frac{$", "matplotlib#20266"),
    # What must stay as it is.
    Hostile("other scripts", "Jürgen 山田 שלום", "Jürgen 山田 שלום", "no attack"),
)
#: One line's worth of them, with a line that would forge a row.
MIXED = "\x1b]52;c;eA==\x07\x9b2J\u202e\u200b[red]:x:\\\r\nFORGED"
#: The same as it is shown, up to the line break.
MIXED_SHOWN = r"\x1b]52;c;eA==\x07\x9b2J\u202e\u200b[red]:x:" + "\\"
