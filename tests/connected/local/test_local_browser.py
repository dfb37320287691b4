"""The browser of the tests: it runs pages, and reaches nobody outside."""

import pytest
from playwright.async_api import BrowserContext, Error

from deploy.local.processes.ports import free_port
from tests.fixtures.chromium import running_chromium

pytestmark = pytest.mark.connected


async def test_a_page_runs_its_script(chromium: BrowserContext) -> None:
    page = await chromium.new_page()

    await page.set_content(
        "<p>1</p><script>document.querySelector('p').textContent = 6 * 7</script>"
    )

    assert await page.inner_text("p") == "42"


async def test_a_host_that_was_not_named_is_not_looked_up(chromium: BrowserContext) -> None:
    page = await chromium.new_page()

    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("https://elsewhere.test/")


async def test_a_made_up_host_is_where_the_test_says() -> None:
    async with running_chromium(hosts={"desk.test": f"127.0.0.1:{free_port()}"}) as browser:
        page = await browser.new_page()

        with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
            await page.goto("http://desk.test/")
