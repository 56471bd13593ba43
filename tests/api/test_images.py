"""Pictures through the API, and where the edge shows them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pabal.accounts.models import AuditEntry, Role
from pabal.delivery import images
from pabal.delivery.image_addresses import image_url, read_name
from pabal.delivery.models import Image
from tests.accounts.people import key, someone
from tests.content.test_images import SOLAPI
from tests.pictures import decoded, gif_file, photo_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Client:
    return Client(headers={"authorization": f"Bearer {key('campaigns', 'read')}", "accept-language": "ko"})


def upload(api: Client, data: bytes, name: str = "spring.jpg") -> Any:
    return api.post("/api/v1/images", {"file": SimpleUploadedFile(name, data)})


def test_a_file_becomes_a_picture_with_an_id_and_an_entry_in_the_trail(api: Client) -> None:
    made = upload(api, photo_file(640, 480))
    assert made.status_code == 201, made.content
    facts = made.json()
    assert (facts["name"], facts["format"], facts["width"], facts["height"], facts["frames"]) == (
        "spring.jpg", "jpeg", 640, 480, 1,
    )  # fmt: skip
    assert AuditEntry.objects.get(action="image.upload").object_id == str(facts["id"])
    again = upload(api, photo_file(640, 480), "other.jpg").json()
    assert again["id"] == facts["id"], "the same picture is kept once"
    listed = api.get("/api/v1/images").json()["data"]
    assert [row["id"] for row in listed] == [facts["id"]]
    assert api.get(f"/api/v1/images/{facts['id']}").json() == listed[0]
    data = api.get(f"/api/v1/images/{facts['id']}/data")
    assert data["content-type"] == "image/jpeg"
    assert decoded(data.content).size == (640, 480)


@pytest.mark.parametrize("prefix", ["", "data:image/gif;base64,"])
def test_a_program_without_files_sends_base64(api: Client, prefix: str) -> None:
    body = {"name": "wave.gif", "data": prefix + base64.b64encode(gif_file(4)).decode()}
    made = api.post("/api/v1/images/encoded", body, content_type="application/json")
    assert made.status_code == 201, made.content
    assert (made.json()["format"], made.json()["frames"]) == ("gif", 4)


def test_what_is_no_picture_is_refused_in_the_readers_language(api: Client) -> None:
    answer = upload(api, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "logo.svg")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (422, "image_is_svg", "file")
    assert "SVG는 보낼 수 없습니다" in error["message"]
    answer = api.post("/api/v1/images/encoded", {"data": "%%%"}, content_type="application/json")
    assert answer.json()["error"]["code"] == "bad_base64"


def test_a_campaign_names_its_pictures(api: Client) -> None:
    image = upload(api, photo_file()).json()["id"]
    made = api.post("/api/v1/campaigns", {"name": "봄", "images": [image]}, content_type="application/json")
    assert made.json()["images"] == [image]
    path = f"/api/v1/campaigns/{made.json()['key']}"
    refused = api.patch(path, {"images": [image, 999]}, content_type="application/json").json()["error"]
    assert (refused["code"], refused["field"]) == ("unknown_image", "images")
    assert api.patch(path, {"images": []}, content_type="application/json").json()["images"] == []


def test_pictures_are_shown_to_people_who_are_logged_in_and_to_nobody_else(client: Client) -> None:
    image = images.keep(photo_file(), name="spring.jpg", by=None)
    fitted = images.fitted(image.pk, SOLAPI)
    addresses = [f"/images/{image.pk}", f"/images/{image.pk}/fitted/{fitted.pk}"]
    assert [client.get(address).status_code for address in addresses] == [302, 302]
    client.force_login(someone(Role.VIEWER))
    for address in addresses:
        answer = client.get(address)
        assert (answer.status_code, answer["content-type"], answer["x-content-type-options"]) == (
            200, "image/jpeg", "nosniff",
        )  # fmt: skip
    assert client.get(f"/images/{image.pk + 1}/fitted/{fitted.pk}").status_code == 404
    assert client.post("/images/upload", {"file": SimpleUploadedFile("a.jpg", photo_file())}).status_code == 403


def test_a_part_is_cut_out_while_it_is_uploaded(client: Client) -> None:
    client.force_login(someone(Role.EDITOR))
    form = {
        "file": SimpleUploadedFile("a.jpg", photo_file(400, 300)),
        "left": 10,
        "top": 20,
        "width": 200,
        "height": 100,
    }
    made = client.post("/images/upload", form)
    assert made.status_code == 200, made.content
    assert (made.json()["width"], made.json()["height"]) == (200, 100)
    assert Image.objects.count() == 2
    outside = client.post("/images/upload", {**form, "file": SimpleUploadedFile("b.jpg", photo_file()), "left": 900})
    assert (outside.status_code, outside.json()["error"]["code"]) == (422, "crop_outside")


def test_an_address_at_the_edge_cannot_be_guessed() -> None:
    address = image_url("f", 12, "jpeg")
    name = address.rpartition("/")[2]
    assert read_name(name) == ("f", 12)
    for forged in (name.replace("f12", "f13"), name.replace("f12", "i12"), "f12-.jpg", "f12.jpg", "x", "f٣-1.jpg"):
        assert read_name(forged) is None
