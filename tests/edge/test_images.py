"""Pictures at the edge: for gateways that fetch them, and for nobody who guesses."""

from __future__ import annotations

import pytest

from pabal.delivery import images
from pabal.delivery.image_addresses import image_url
from tests.content.test_images import SOLAPI
from tests.edge.test_links import ask, database
from tests.pictures import gif_file, photo_file

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["database"]


def path(address: str) -> str:
    return "/" + address.split("/", 3)[3]


def test_a_gateway_fetches_the_picture_as_it_was_made_to_fit() -> None:
    image = images.keep(photo_file(2000, 1500), name="spring.jpg", by=None)
    fitted = images.fitted(image.pk, SOLAPI)
    answer = ask(lambda edge: edge.get(path(image_url("f", fitted.pk, "jpeg"))))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content == bytes(fitted.data)
    assert answer.headers["content-length"] == str(fitted.size)
    assert answer.headers["x-content-type-options"] == "nosniff"
    asked = ask(lambda edge: edge.head(path(image_url("f", fitted.pk, "jpeg"))))
    assert (asked.status_code, asked.content) == (200, b""), "Twilio asks for the head first"


def test_a_moving_picture_is_served_as_one() -> None:
    image = images.keep(gif_file(), name="wave.gif", by=None)
    answer = ask(lambda edge: edge.get(path(image_url("i", image.pk, "gif"))))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")


def test_nobody_finds_a_picture_by_counting() -> None:
    image = images.keep(photo_file(), name="spring.jpg", by=None)
    name = path(image_url("i", image.pk, "jpeg"))
    for guess in (name.replace(f"i{image.pk}-", f"i{image.pk + 1}-"), f"/v1/images/i{image.pk}.jpg", "/v1/images/x"):
        assert ask(lambda edge, guess=guess: edge.get(guess)).status_code == 404
    assert ask(lambda edge: edge.get(path(image_url("i", image.pk + 1, "jpeg")))).status_code == 404, "gone"
