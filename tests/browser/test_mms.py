"""A marketer drops a picture into a message, sees it as it will be sent, sends it, and looks at the phone."""

from __future__ import annotations

import base64
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from pabal.accounts.models import AuditEntry, Role
from pabal.billing.models import Price
from pabal.campaigns.models import Campaign, Plan, PlanMode
from pabal.delivery.models import FittedImage, Image, Message, MessageKind, ProviderAccount
from tests.accounts.people import someone
from tests.browser.conftest import OpenConsole
from tests.campaigns.conftest import engine_folder, shop, synchroniser, warehouse
from tests.campaigns.shop import Shop
from tests.delivery.sending import DispatcherProcess, events, wait_for
from tests.pictures import gif_file, photo_file

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
AT_ANY_HOUR: dict[str, Any] = {"hours_from": time(0), "hours_to": time(0)}
__all__ = ["engine_folder", "shop", "synchroniser", "warehouse"]


@pytest.fixture
def store(shop: Shop) -> Shop:
    """A customer, a sandbox that delivers at once, and a price of MMS."""
    Price.objects.create(provider="sandbox", kind="mms", country="KR", amount=90_000, valid_from="2020-01-01")
    ProviderAccount.objects.update(settings={"failed": 0.0, "receipt_ms": 30, "receipt_jitter_ms": 20})
    shop.person("+821000000001", first_name="민지")
    shop.synchroniser.run_once()
    return shop


def drop(page: Any, name: str, data: bytes, kind: str) -> None:
    """Let go of a file above the box, as a hand would."""
    page.evaluate(
        """([name, data, kind]) => {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, { type: kind }));
            const box = document.querySelector("[data-mms-drop]");
            for (const type of ["dragenter", "dragover", "drop"])
                box.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        [name, base64.b64encode(data).decode(), kind],
    )


@pytest.mark.parametrize("width", [1440, 390])
def test_a_picture_goes_from_the_hand_to_the_phone(
    store: Shop, open_console: OpenConsole, tmp_path: Path, width: int
) -> None:
    admin = someone(Role.ADMIN)
    campaign = store.campaign("민지님, 가을 신상", purpose="informational", senders=[store.korean], **AT_ANY_HOUR)
    page = open_console(admin, f"/campaigns/{campaign.key}/message", width=width)

    drop(page, "hello.txt", b"hello", "text/plain")
    page.get_by_text("This is no picture we know").wait_for()
    drop(page, "spring.jpg", photo_file(2400, 1600), "image/jpeg")
    page.locator("[data-mms-list] li", has_text="spring.jpg").wait_for()
    assert page.get_by_text("This is no picture we know").is_hidden()

    shown = page.locator("#preview .bubble img")
    shown.wait_for()
    fitted = FittedImage.objects.get()
    assert shown.get_attribute("src").endswith(f"/fitted/{fitted.pk}")
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == fitted.width
    answer = page.request.get(shown.get_attribute("src"))
    assert answer.body() == bytes(fitted.data), "what is shown is what is sent"
    assert page.locator("#counter").inner_text().count("MMS") == 1
    page.get_by_role("button", name="Next: Sending").click()
    page.wait_for_url("**/sending")
    assert Campaign.objects.get().images == [Image.objects.get().pk]

    page.goto(f"/campaigns/{campaign.key}/review")
    page.get_by_text("Working out", exact=False).or_(page.locator("[aria-busy], progress")).first.wait_for()
    wait_for(lambda: Plan.objects.filter(mode=PlanMode.REVIEW).exists())
    store.carry_out(Plan.objects.get(mode=PlanMode.REVIEW))
    page.locator(".bubble img").first.wait_for()
    page.locator("[data-dialog=launch]").first.click()
    page.get_by_role("dialog").locator("input:not([type=hidden])").fill("1")  # how many: said by hand
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    wait_for(lambda: Plan.objects.filter(mode=PlanMode.SEND).exists())
    store.carry_out(Plan.objects.get(mode=PlanMode.SEND))
    assert Message.objects.get().kind == MessageKind.MMS
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: events(campaign.pk)["delivered"] == 1, timeout=180)  # a busy machine starts it slowly

    page.goto("/handset/+821000000001")
    there = page.locator(".bubble img")
    there.wait_for()
    assert there.get_attribute("src").endswith(f"/fitted/{fitted.pk}")
    page.goto(f"/campaigns/{campaign.key}")
    page.get_by_text("By kind").wait_for()
    assert AuditEntry.objects.filter(action="image.upload").count() == 1


def test_a_picture_is_taken_from_the_library_and_taken_off_again(store: Shop, open_console: OpenConsole) -> None:
    from pabal.delivery import images

    images.keep(gif_file(), name="wave.gif", by=None)
    campaign = store.campaign("안녕", senders=[store.korean])
    page = open_console(someone(Role.EDITOR), f"/campaigns/{campaign.key}/message")
    page.get_by_text("Pictures used before").click()
    page.locator("[data-mms-choose]").click()
    page.locator("#preview .bubble img").wait_for()
    assert "moving GIF" in page.locator("#preview").inner_text(), "the motion is kept"
    page.get_by_role("button", name="Remove the picture").click()
    page.locator("#preview .bubble img").wait_for(state="detached")
    page.locator("#counter", has_text="SMS").wait_for()
