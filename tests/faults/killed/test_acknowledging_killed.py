"""Composition killed while it acknowledges a mail: the mail is acknowledged, and once."""

import asyncio
import signal
import smtplib

import pytest

from tests.support.systems.breakable_system import GREETED, BreakableSystem

pytestmark = [pytest.mark.connected, pytest.mark.faults]

POINTS = ("composition.after_allowances", "composition.after_acknowledgement")


async def hand_in(breakable: BreakableSystem, sender: str) -> None:
    mail = f"From: {sender}\r\nTo: {GREETED}\r\nMessage-ID: <{sender}>\r\n\r\nHello\r\n"

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", breakable.system.addresses.smtp) as smtp:
            smtp.sendmail(sender, [GREETED], mail.encode())

    await asyncio.to_thread(send)


async def acknowledged(breakable: BreakableSystem, sender: str) -> list[str]:
    """Return whom acknowledgements have reached when that of `sender` does."""
    found: list[str] = []
    async with asyncio.timeout(60):
        while sender not in found:
            sent = await breakable.system.sink.arrivals.get()
            if sent.sender == "<>":
                found += sent.recipients
    return found


async def test_killed_composition_acknowledges_once(breakable: BreakableSystem) -> None:
    senders = [f"{point}@client.example" for point in POINTS]
    codes, reached = [], []

    for point, sender in zip(POINTS, senders, strict=True):
        await breakable.arm("composition", point)
        await hand_in(breakable, sender)
        codes.append(await breakable.ends("composition"))
        reached += await acknowledged(breakable, sender)
    await hand_in(breakable, "last@client.example")
    reached += await acknowledged(breakable, "last@client.example")

    assert codes == [-signal.SIGKILL] * len(POINTS)
    assert reached == [*senders, "last@client.example"]
