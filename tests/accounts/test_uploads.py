"""Pictures that come in: cropped where the person wants, and hostile ones refused, by page and by API."""

from __future__ import annotations

import html
import io
import zipfile

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.core.errors import Invalid
from apps.core.images import Crop, Cropped, checked_crop, reencode
from tests import factories
from tests.pages.conftest import browser_of

pytestmark = pytest.mark.django_db
# Corner by corner, as one sees the picture.
RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 30), (30, 30, 220), (250, 250, 250)


def quarters(kind: str = "PNG", size: int = 800, turned: bool = False) -> bytes:
    """Red and green above, blue and white below; `turned`: stored on its side, with the tag that says so."""
    picture = Image.new("RGB", (size, size))
    half = size // 2
    for color, at in ((RED, (0, 0)), (GREEN, (half, 0)), (BLUE, (0, half)), (WHITE, (half, half))):
        picture.paste(color, (*at, at[0] + half, at[1] + half))
    out = io.BytesIO()
    if not turned:
        picture.save(out, kind)
        return out.getvalue()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise before it is shown
    picture.rotate(90).save(out, kind, exif=exif, quality=95)
    return out.getvalue()


def near(pixel: tuple[int, ...], color: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 30 for a, b in zip(pixel, color, strict=False))


def stored(content: ContentFile) -> Image.Image:
    return Image.open(content).convert("RGB")


@pytest.fixture
def api(viewer: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(viewer)
    return client


@pytest.fixture
def page(viewer: User) -> Client:
    return browser_of(viewer)


class TestCropping:
    @pytest.mark.parametrize("turned", [False, True], ids=["upright", "on its side"])
    @pytest.mark.parametrize(
        ("x", "y", "color"), [(0, 0, RED), (0.5, 0, GREEN), (0, 0.5, BLUE), (0.5, 0.5, WHITE)]
    )
    def test_the_part_is_that_of_the_picture_as_one_sees_it(self, x, y, color, turned):
        upload = Cropped(io.BytesIO(quarters("JPEG", turned=turned)), Crop(x, y, 0.5, 0.5))
        picture = stored(reencode(upload, field="avatar", width=256, height=256))
        assert picture.size == (256, 256)
        assert all(near(picture.getpixel(at), color) for at in ((20, 20), (235, 20), (20, 235), (235, 235)))

    def test_a_part_of_another_shape_is_cut_around_its_middle(self):
        upload = Cropped(io.BytesIO(quarters()), Crop(0, 0, 1, 0.5))
        picture = stored(reencode(upload, field="banner", width=1600, height=400))
        assert picture.size == (800, 200)
        assert near(picture.getpixel((50, 100)), RED)
        assert near(picture.getpixel((750, 100)), GREEN)

    def test_a_small_part_of_a_large_photo_keeps_its_sharpness(self):
        photo = Image.effect_noise((2000, 2000), 40)
        out = io.BytesIO()
        photo.save(out, "JPEG", quality=80)
        part = Cropped(out, Crop(0.4, 0.4, 0.1, 0.1))
        assert stored(reencode(part, field="avatar", width=512, height=512)).size == (200, 200)

    def test_a_part_of_a_tiny_picture_is_at_least_a_pixel(self):
        out = io.BytesIO()
        Image.new("RGB", (3, 3)).save(out, "PNG")
        part = Cropped(out, Crop(0.99, 0.99, 0.01, 0.01))
        assert stored(reencode(part, field="avatar", width=512, height=512)).size == (1, 1)

    @pytest.mark.parametrize(
        "four",
        [
            (None, None, None, None),
            ("", "", "", ""),
            ("a", 0, 1, 1),
            ("nan", 0, 1, 1),
            ("inf", 0, 1, 1),
            (0, 0, "-inf", 1),
            (-0.1, 0, 1, 1),
            (0.5, 0, 0.6, 1),
            (0, 0, 0, 1),
            (0, 0, 1, 0.001),
            (0, 0, 10**400, 1),
            ([0], 0, 1, 1),
        ],
    )
    def test_what_is_no_part_of_a_picture_is_refused(self, four):
        with pytest.raises(Invalid):
            checked_crop(*four, field="crop")

    def test_a_browsers_rounding_is_forgiven(self):
        assert checked_crop("-0.000001", 0.2, 1.000002, "0.8", field="crop").x == 0


class TestTheApi:
    @pytest.mark.parametrize("field", ["avatar", "banner"])
    def test_a_picture_takes_the_place_of_the_old_one(
        self, api, viewer, field, django_capture_on_commit_callbacks
    ):
        sent = {"file": SimpleUploadedFile("a.png", quarters()), "x": 0, "y": 0, "width": 0.5, "height": 0.5}
        answer = api.post(f"/api/upload/{field}", sent, format="multipart")
        assert answer.status_code == 200, answer.content
        viewer.refresh_from_db()
        first = getattr(viewer, field)
        assert answer.json() == {"url": first.url}
        assert near(stored(first).getpixel((5, 5)), RED)
        name, storage = first.name, first.storage
        with django_capture_on_commit_callbacks(execute=True):
            api.post(
                f"/api/upload/{field}", {"file": SimpleUploadedFile("a.png", quarters())}, format="multipart"
            )
        assert not storage.exists(name)

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ({}, "file"),
            ({"file": "words"}, "file"),
            ({"file": SimpleUploadedFile("a.png", b"")}, "file"),
            ({"file": SimpleUploadedFile("a.png", quarters()), "x": 0.5}, "crop"),
            ({"file": SimpleUploadedFile("a.png", quarters()), "x": "left"}, "x"),
            (
                {"file": SimpleUploadedFile("a.png", quarters()), "x": 0, "y": 0, "width": 2, "height": 1},
                "crop",
            ),
        ],
    )
    def test_what_is_missing_or_wrong_is_named(self, api, viewer, sent, field):
        answer = api.post("/api/upload/avatar", sent, format="multipart")
        assert answer.status_code == 400
        assert list(answer.json()["fields"]) == [field]
        viewer.refresh_from_db()
        assert not viewer.avatar

    def test_other_bodies_are_not_read(self, api):
        assert api.post("/api/upload/avatar", {"file": "x"}, format="json").status_code == 415


def bomb() -> bytes:
    """81 megapixels in a few kilobytes."""
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    return out.getvalue()


def archive_behind_a_picture() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.class", "x" * 100)
    return quarters("GIF", 40) + out.getvalue()


HOSTILE = {
    "an SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "Use JPEG, PNG"),
    "an SVG without a script": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Use JPEG, PNG"),
    "a page": (b"<!doctype html><p>x", "Use JPEG, PNG"),
    "a page behind a picture": (quarters(size=40) + b"<sCrIpT>alert(1)</sCrIpT>", "Use JPEG, PNG"),
    "a page in a GIF's comment": (b"GIF89a/*" + quarters("GIF", 40)[6:] + b"*/<html><body>", "Use JPEG, PNG"),
    "a program behind a picture": (quarters("JPEG", 40) + b"<?php system($_GET[0]); ?>", "Use JPEG, PNG"),
    "an archive behind a picture": (archive_behind_a_picture(), "Use JPEG, PNG"),
    "a PDF": (b"%PDF-1.7\n" + quarters("JPEG", 40), "Use JPEG, PNG"),
    "another kind": (b"BM" + b"\0" * 60, "Use JPEG, PNG"),
    "a bomb": (bomb(), "at most 25 megapixels"),
    "half a picture": (quarters()[:700], "damaged"),
    "9 MB": (quarters() + b"\0" * (9 << 20), "at most 8 MB"),
}


@pytest.mark.parametrize(("data", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_with_the_field_the_rule_and_the_way_out(data, reason, api, page, viewer):
    answer = api.post("/api/upload/banner", {"file": SimpleUploadedFile("a.png", data)}, format="multipart")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["file"])
    assert reason in answer.json()["message"]
    form = {"display_name": "V", "color": "#4670e0", "theme": "dark", "language": "en", "time_zone": "UTC"}
    answer = page.post("/settings", form | {"avatar": SimpleUploadedFile("a.png", data, "image/png")})
    shown = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert reason in shown.partition('id="id_avatar_error"')[2].partition("</div>")[0]
    viewer.refresh_from_db()
    assert not viewer.avatar
    assert not viewer.banner


def test_an_animation_is_a_still_of_its_first_frame(api, viewer):
    out = io.BytesIO()
    frames = [Image.new("RGB", (40, 40), color) for color in (RED, GREEN)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    sent = {"file": SimpleUploadedFile("a.gif", out.getvalue())}
    assert api.post("/api/upload/avatar", sent, format="multipart").status_code == 200
    viewer.refresh_from_db()
    with Image.open(viewer.avatar) as picture:
        assert getattr(picture, "n_frames", 1) == 1
        assert near(picture.convert("RGB").getpixel((20, 20)), RED)


class Unread(io.BytesIO):
    """A body that must not be touched."""

    def read(self, *args: object) -> bytes:
        raise AssertionError("the body was read")

    readline = read


@pytest.mark.parametrize("path", ["/settings", "/api/upload/avatar", "/onboarding"])
def test_fifty_megabytes_are_refused_before_they_are_read(path, page, api):
    announced = {
        "wsgi.input": Unread(),
        "CONTENT_LENGTH": str(50 << 20),
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
    }
    caller = api if path.startswith("/api/") else page
    answer = caller.generic("POST", path, **announced)
    assert answer.status_code == 413
    words = html.unescape(answer.content.decode())
    assert "50 MB" in words
    assert "A picture may have at most 8 MB. Choose a smaller one." in words


class TestThePages:
    FORM = {"display_name": "V", "color": "#4670e0", "theme": "dark", "language": "en", "time_zone": "UTC"}

    def test_the_part_that_was_chosen_is_kept(self, page, viewer):
        sent = {"avatar": SimpleUploadedFile("a.png", quarters()), "avatar-crop": "0.5,0.5,0.5,0.5"}
        assert page.post("/settings", self.FORM | sent).status_code == 302
        viewer.refresh_from_db()
        assert near(stored(viewer.avatar).getpixel((5, 5)), WHITE)
        assert viewer.avatar_url in page.get("/settings").content.decode()

    def test_without_a_script_the_middle_is_taken(self, page, viewer):
        sent = {"banner": SimpleUploadedFile("a.png", quarters()), "banner-crop": ""}
        assert page.post("/settings", self.FORM | sent).status_code == 302
        viewer.refresh_from_db()
        assert stored(viewer.banner).size == (800, 200)

    @pytest.mark.parametrize("crop", ["x", "0,0,2,2", "0,0,1", "0,0,1,1,1", "0," * 4000])
    def test_a_part_that_is_none_is_refused_at_the_picture(self, page, viewer, crop):
        sent = {"avatar": SimpleUploadedFile("a.png", quarters()), "avatar-crop": crop}
        answer = page.post("/settings", self.FORM | sent)
        assert answer.status_code == 422
        assert "fractions of the picture" in html.unescape(answer.content.decode())
        viewer.refresh_from_db()
        assert not viewer.avatar

    def test_a_picture_stays_until_it_is_removed(self, page, viewer):
        page.post("/settings", self.FORM | {"avatar": SimpleUploadedFile("a.png", quarters())})
        page.post("/settings", self.FORM)
        viewer.refresh_from_db()
        assert viewer.avatar
        refused = page.post("/settings", self.FORM | {"avatar-clear": "on", "theme": "neon"})
        assert 'id="avatar-clear_id" checked' in refused.content.decode()
        page.post("/settings", self.FORM | {"avatar-clear": "on"})
        viewer.refresh_from_db()
        assert not viewer.avatar

    def test_a_channel_is_given_pictures_in_the_same_way(self, viewer, page):
        channel = factories.channel(viewer, "Night shift")
        form = {"name": "Night shift", "slug": "night-shift", "language": "en", "visibility": "public"}
        sent = {"banner": SimpleUploadedFile("a.png", quarters()), "banner-crop": "0,0,1,0.25"}
        assert page.post("/dashboard/night-shift/settings", form | sent).status_code == 302
        channel.refresh_from_db()
        assert near(stored(channel.banner).getpixel((5, 5)), RED)

    def test_a_newcomer_begins_with_one(self, db):
        newcomer = factories.person("newcomer")
        sent = {"avatar": SimpleUploadedFile("a.png", quarters()), "avatar-crop": "0,0.5,0.5,0.5"}
        browser = browser_of(newcomer)
        answer = browser.post("/onboarding", {"username": "newcomer", "display_name": "New"} | sent)
        assert answer.status_code == 302
        newcomer.refresh_from_db()
        assert near(stored(newcomer.avatar).getpixel((5, 5)), BLUE)
