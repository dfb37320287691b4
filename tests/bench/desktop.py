"""The desktop in a real browser: `python -m tests.bench.desktop`.

It prints the frame times while a list of many drafts is scrolled, beside a list of none in the same
run; the time from the octets of an event in the browser to the words on the screen; how many
keystrokes are lost while the gateway is killed again and again under a typing agent; and what
becomes of words and mail while the broker is away for half a minute. Each figure is printed as soon
as it is there; a count of 0 leaves its part out.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import httpx2
from playwright.async_api import Page, expect

from deploy.local.desktop_build import build_desktop
from deploy.local.folders import temporary_folder
from deploy.local.progress import NotPossibleError, report
from deploy.local.servers.rabbitmq import LocalRabbitMQ
from deploy.local.servers.running_servers import Servers, servers
from deploy.local.stack.services import Addresses
from deploy.local.stack.supervisor import RestartPauses
from deploy.local.stack.system import System, system
from tests.fixtures.chromium import running_chromium
from tests.support.agent_page import AgentPage, open_desktop, prefer
from tests.support.clients import customer_mail, hand_in

_ROWS: Final = 5000
_EVENTS: Final = 500
_KILLS: Final = 20
_FRAMES: Final = 300
_AT_ONCE: Final = 16
_PACE: Final = 0.02
"""Seconds between two events: fifty a second."""

_REST: Final = 1.0
_AWAY: Final = 30
_INTERRUPTED: Final = 130
_WORDS: Final = "the quick brown fox jumps over the lazy dog "

_SCROLL: Final = """async (frames) => {
  const list = document.querySelector("nav.list");
  const times = [];
  let before = await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < frames; frame += 1) {
    list.scrollBy(0, 240);
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  list.scrollTo(0, 0);
  const rows = document.querySelectorAll("nav [data-id]").length;
  return {times, rows, heap: performance.memory.usedJSHeapSize / 1e6};
}"""
_WATCH: Final = """() => {
  window.seen = [];
  performance.setResourceTimingBufferSize(100000);
  new MutationObserver(() => {
    const found = document.querySelector("nav .chosen .subject")?.textContent ?? "";
    const number = Number(/^event (\\d+)$/.exec(found.trim())?.[1] ?? -1);
    if (number >= 0) window.seen.push([number, performance.now()]);
  }).observe(
    document.querySelector("nav.list"), {subtree: true, characterData: true, childList: true});
}"""
_SEEN: Final = """() => {
  const ends = performance.getEntriesByType("resource")
    .filter((one) => one.name.includes("/cometd")).map((one) => one.responseEnd)
    .sort((a, b) => a - b);
  return window.seen.map(([number, at]) => {
    const before = ends.filter((end) => end <= at).at(-1);
    return before === undefined ? null : at - before;
  }).filter((one) => one !== null);
}"""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured; 0 leaves a part out. `away` is in seconds."""

    rows: int
    events: int
    kills: int
    away: int


async def measure(up: Servers, folder: Path, extent: Extent, tell: Callable[[str], object]) -> None:
    """Tell the line of each figure."""
    build_desktop()
    async with (
        system(
            up.access,
            sent=folder / "sent",
            addresses=Addresses.choose(familiar=False),
            # A gateway that is killed twenty times would rest half a minute each time.
            pauses=RestartPauses(longest=_REST),
        ) as running,
        running_chromium(
            "--enable-precise-memory-info", locale="en-GB", reduced_motion="reduce"
        ) as browser,
    ):
        url = running.gateway_url
        await prefer(url, "agent1", formats=False)
        page = await _open(browser, url, "agent1")
        if extent.rows:
            tell(_frames("empty list", await page.evaluate(_SCROLL, _FRAMES)))
        async with httpx2.AsyncClient(base_url=url, auth=("agent1", "agent1"), timeout=60) as agent:
            if extent.rows:
                await _create(agent, extent.rows)
                began = time.monotonic()
                await page.reload()
                await page.locator("nav [data-id]").first.wait_for(timeout=120_000)
                tell(
                    f"{extent.rows} rows are shown {time.monotonic() - began:.1f} s after a reload"
                )
                tell(_frames(f"{extent.rows} rows", await page.evaluate(_SCROLL, _FRAMES)))
            if extent.events:
                await _create(agent, max(1, extent.rows))
                tell(await _events(page, agent, extent.events))
        if up.rabbitmq and extent.away:
            tell(await _broker_away(page, up.rabbitmq, running, extent.away))
        if extent.kills:
            tell(await _kills(page, running, extent.kills))


async def _open(browser: Any, url: str, agent: str) -> Page:
    desk = await open_desktop(browser, url)
    await desk.log_in(agent)
    await expect(desk.page.locator("nav.list")).to_be_visible()
    page: Page = desk.page
    return page


def _frames(what: str, found: Any) -> str:
    times = found["times"]
    return (
        f"{what}: frames of {_spread(times)} ms, {1000 * len(times) / sum(times):.0f} a second, "
        f"{found['rows']} rows drawn, {found['heap']:.0f} MB of heap"
    )


def _spread(times: Sequence[float]) -> str:
    hundredths = quantiles(times, n=100)
    return f"{hundredths[49]:.1f} (p50), {hundredths[98]:.1f} (p99), {max(times):.1f} (longest)"


async def _create(agent: httpx2.AsyncClient, rows: int) -> None:
    """Begin drafts as the agent does, until there are so many."""
    numbers = iter(range(await _count(agent), rows))

    async def create_some() -> None:
        for number in numbers:
            body = {
                "operationName": "Create",
                "queueName": "drafts",
                "email_object": {"subject": f"row {number}"},
            }
            answer = await agent.post("/api/v2/me/interactions", json=body)
            answer.raise_for_status()

    await asyncio.gather(*(create_some() for _ in range(_AT_ONCE)))
    async with asyncio.timeout(600):
        while True:
            if await _count(agent) >= rows:
                return
            await asyncio.sleep(0.5)


async def _count(agent: httpx2.AsyncClient) -> int:
    answer = await agent.get("/api/v2/me/interactions?fields=id&limit=1&totalCount=true")
    return int(answer.json()["totalCount"])


async def _events(page: Page, agent: httpx2.AsyncClient, events: int) -> str:
    """Change the subject of the chosen draft at a steady pace, and watch it change on the page."""
    row = page.locator("nav [data-id]").first
    draft = await row.get_attribute("data-id")
    await row.click()
    await page.evaluate(_WATCH)
    waiting: set[asyncio.Task[httpx2.Response]] = set()
    for number in range(events):
        body = {"email_object": {"subject": f"event {number}"}}
        waiting.add(asyncio.create_task(agent.put(f"/api/v2/me/interactions/{draft}", json=body)))
        await asyncio.sleep(_PACE)
    answers = await asyncio.gather(*waiting)
    refused = sum(answer.is_error for answer in answers)
    await asyncio.sleep(3)
    times = await page.evaluate(_SEEN)
    return (
        f"{events} events, {refused} refused, {len(times)} changes on the screen: "
        f"{_spread(times)} ms after the octets of their message"
    )


async def _kills(page: Page, running: System, kills: int) -> str:
    """Type while the gateway is killed; compare what was typed with what the server has."""
    await page.keyboard.press("c")
    await expect(page.locator("#to")).to_be_focused()
    await page.fill("#subject", "Under kills")
    await page.focus("textarea.words")
    letters = cycle(_WORDS)
    typed = ""
    for _ in range(kills):
        os.kill(running.supervisor.pid("gateway"), signal.SIGKILL)
        ready = asyncio.create_task(running.supervisor.wait_until_ready())
        while not ready.done():
            some = "".join(islice(letters, 10))
            await page.keyboard.type(some, delay=20)
            typed += some
        await ready
    status = page.locator("footer [role=status]")
    await expect(status).to_have_text("Saved", timeout=60_000)
    draft = await page.locator("nav .chosen").get_attribute("data-id")
    async with httpx2.AsyncClient(
        base_url=running.gateway_url, auth=("agent1", "agent1"), timeout=60
    ) as agent:
        answer = await agent.get(f"/api/v2/me/interactions/{draft}")
        stored = str(answer.json()["interaction"]["email_object"]["Text"])
        await agent.post(f"/api/v2/me/interactions/{draft}", json={"operationName": "Cancel"})
    lost = len(typed.rstrip()) - len(stored.rstrip())
    same = "the same words" if stored.rstrip() == typed.rstrip() else "OTHER WORDS"
    return f"{kills} kills of the gateway, {len(typed)} keystrokes: {lost} lost, {same}"


async def _broker_away(page: Page, broker: LocalRabbitMQ, running: System, away: int) -> str:
    """Kill the broker for a while, with a draft being written and a mail coming in."""
    await AgentPage(page, []).choose_state("Ready")
    await page.keyboard.press("c")
    await expect(page.locator("#to")).to_be_focused()
    await asyncio.to_thread(broker.kill)
    await page.fill("#subject", "Without a broker")
    await hand_in(customer_mail("Came meanwhile"), running.addresses.smtp)
    await page.fill("textarea.words", "written while it was away")
    await asyncio.sleep(away)
    began = time.monotonic()
    await asyncio.to_thread(broker.start)
    started = time.monotonic() - began
    await expect(page.locator("footer [role=status]")).to_have_text("Saved", timeout=120_000)
    saved = time.monotonic() - began
    await expect(page.locator(".offer")).to_contain_text("Came meanwhile", timeout=120_000)
    offered = time.monotonic() - began
    words = await page.locator("textarea.words").input_value()
    await page.keyboard.press("Alt+x")
    await AgentPage(page, []).choose_state("Not ready")
    await page.get_by_role("button", name="Discard").click()
    await page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    # A key that is pressed while the dialog closes would do nothing.
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.locator("#to")).to_have_count(0)
    kept = "kept" if words == "written while it was away" else "LOST"
    return (
        f"broker away for {away} s, back after {started:.1f} s more: words {kept}, at the server "
        f"after {saved:.1f} s, the mail that came meanwhile offered after {offered:.1f} s"
    )


def main() -> int:
    """Measure on private servers and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.desktop", description=__doc__)
    parser.add_argument("--rows", type=int, default=_ROWS)
    parser.add_argument("--events", type=int, default=_EVENTS)
    parser.add_argument("--kills", type=int, default=_KILLS)
    parser.add_argument("--away", type=int, default=_AWAY)
    extent = Extent(**vars(parser.parse_args()))
    out = sys.stdout

    def tell(line: str) -> None:
        out.write(f"{line}\n")
        out.flush()

    try:
        with (
            contextlib.redirect_stdout(sys.stderr),
            temporary_folder() as folder,
            servers(folder, environment={}) as up,
        ):
            asyncio.run(measure(up, folder, extent, tell))
    except NotPossibleError as reason:
        report(str(reason))
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
