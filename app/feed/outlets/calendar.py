"""What is due as an iCalendar file (RFC 5545), which a calendar subscribes to."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from icalendar import Calendar, Event

from app.core.i18n import gettext as _
from app.feed.outlets.queries import Due

REFRESH_AFTER = timedelta(hours=4)


def write_calendar(entries: Iterable[Due], link: Callable[[UUID], str], now: datetime) -> bytes:
    """A day-long event for each entry. `link` gives the address of a case."""
    calendar = Calendar()
    calendar.add("prodid", "-//Unstuck//Unstuck//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Unstuck")
    calendar.add("refresh-interval", REFRESH_AFTER, parameters={"VALUE": "DURATION"})
    for due in entries:
        event = Event()
        event.add("uid", f"{due.kind}-{due.id}@unstuck")
        event.add("dtstamp", now)
        event.add("dtstart", due.day)
        event.add("dtend", due.day + timedelta(days=1))
        event.add("summary", f"{_name(due)} · {due.title}")
        event.add("description", f"{due.text}\n\n{link(due.case_id)}".strip())
        event.add("url", link(due.case_id))
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _name(due: Due) -> str:
    if due.kind == "step":
        return due.text
    return _("Switch plan, or give it more time") if due.kind == "switch" else _("Tell how it went")
