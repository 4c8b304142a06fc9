"""An application served on this machine, and what its page sends and complains of in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

from flask import Flask
from playwright.sync_api import Browser, Page, Request
from werkzeug.serving import make_server

from cds_service.sandbox.demonstration import QuietHandler

STORY = "opioid-hydrocodone-on-alprazolam"
"""Alprazolam 0.25 mg twice a day is on record, no opioid and no naloxone; hydrocodone is ordered."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address of an application while it is served, ending with a slash."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Watched:
    """A page with the requests that it sent and the complaints of its console."""

    page: Page
    sent: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(15_000)
        # Playwright marks the function that it calls, which a built-in one does not bear.
        self.page.on("request", lambda request: self.sent.append(request))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type != "log" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))


@contextmanager
def new_page(browser: Browser, width: int = 1280) -> Iterator[Page]:
    """An empty page of a width in pixels."""
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    yield context.new_page()
    context.close()
