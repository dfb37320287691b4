"""The page about the API in a real browser."""

import pytest
from playwright.async_api import BrowserContext

from services.gateway.rest.openapi.document import openapi
from services.gateway.rest.openapi.page import page

pytestmark = pytest.mark.connected


@pytest.mark.parametrize("width", [400, 1200])
async def test_page_is_as_wide_as_its_window(chromium: BrowserContext, width: int) -> None:
    tab = await chromium.new_page()
    await tab.set_viewport_size({"width": width, "height": 800})
    await tab.set_content(page(openapi()))
    await tab.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")

    assert await tab.evaluate("document.documentElement.scrollWidth") == width
