"""The JSON Schema of hooklog's events, and the generated parts of docs/events.md.

``make docs`` runs this program, which writes the schema, and has cog call the other functions.
"""

from __future__ import annotations

import json
from typing import Any

from hooklog.publish.changes import Change
from hooklog.publish.events import SOURCE, VERSION, Explanation, LogEvent, detail_types, event_of
from local import markdown
from local.cloud import ROOT
from tests.builders import failed_fax
from tests.publishing import AT, row

SCHEMA = ROOT / f"docs/events/v{VERSION}.schema.json"


def schema() -> str:
    """Return the JSON Schema of an event's detail."""
    found = LogEvent.model_json_schema(mode="serialization")
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | found, indent=2) + "\n"


def example() -> str:
    """Return the event of a failed fax, as EventBridge delivers it."""
    item = row(failed_fax(), version=3)
    event = event_of(Change(key=item["pk"], at=AT, before=None, after=item), masked=False)
    envelope = {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": event.detail_type,
        "source": SOURCE,
        "account": "123456789012",
        "time": f"{AT:%Y-%m-%dT%H:%M:%SZ}",
        "region": "us-east-1",
        "resources": [],
        "detail": event.model_dump(mode="json", by_alias=True),
    }
    return f"```json\n{json.dumps(envelope, indent=2)}\n```"


def kinds() -> str:
    """Return a sentence with each ``detail-type`` that an event can have."""
    *most, last = [f"`{name}`" for name in detail_types()]
    return f"`detail-type` is {', '.join(most)} or {last}."


def keys() -> str:
    """Return the keys of an event's detail, and below them those of an explanation."""
    properties = LogEvent.model_json_schema(mode="serialization")["properties"]
    rows = [_key(name, one) for name, one in properties.items()]
    explanation = Explanation.model_json_schema(mode="serialization")["properties"]
    at = list(properties).index("explanation") + 1
    rows[at:at] = [_key(f"explanation.{name}", one) for name, one in explanation.items()]
    return markdown.table(("key", "type", "meaning"), rows)


def _key(name: str, described: dict[str, Any]) -> tuple[str, str, str]:
    forms = described.get("anyOf", [described])
    return f"`{name}`", " or ".join(map(_type, forms)), described["description"]


def _type(form: dict[str, Any]) -> str:
    if "enum" in form:
        return ", ".join(f"`{value}`" for value in form["enum"])
    return str(form.get("format") or form.get("type", "object"))


def main() -> None:
    """Write the schema."""
    SCHEMA.write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
