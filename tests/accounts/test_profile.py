"""How people introduce themselves and change how they appear."""

from __future__ import annotations

import io
import random

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from PIL import Image

from apps.accounts import services
from apps.accounts.models import User
from apps.accounts.names import COLORS
from apps.accounts.payloads import person_payload
from apps.core.errors import Conflict, Invalid, NotAllowed, SignInNeeded

from .conftest import at_once

pytestmark = pytest.mark.django_db


class TestPeopleInTheDatabase:
    def test_a_name_is_unique_in_any_casing(self, viewer):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(username="vERA_1", email="other@example.org")

    def test_an_address_is_kept_in_lower_case(self, viewer):
        person = User.objects.create_user("pia", "Pia@Example.ORG", "x")
        assert person.email == "pia@example.org"
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(pk=viewer.pk).update(email="VERA@example.org")
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(username="other", email="pia@example.org")

    def test_several_people_may_have_no_address(self):
        User.objects.create(username="one")
        User.objects.create(username="two")

    def test_an_id_says_nothing_but_when(self, viewer):
        assert viewer.pk.version == 7

    def test_a_person_is_found_by_name_in_any_casing(self, viewer):
        assert User.objects.get_by_natural_key("VERA_1") == viewer

    def test_everybody_gets_a_colour_for_their_name(self, viewer):
        assert viewer.color in COLORS


class TestOnboarding:
    def test_introduces_the_person_once(self, viewer, picture):
        person = services.onboard(
            actor=viewer, username="Vera", display_name=" Vera  B. ", bio="a\r\n\r\nb", avatar=picture()
        )
        assert (person.username, person.display_name, person.bio) == ("Vera", "Vera B.", "a\n\nb")
        assert person.avatar_url.startswith("/media/avatars/")
        assert person.is_onboarded
        with pytest.raises(Conflict) as refused:
            services.onboard(actor=viewer, display_name="Again")
        assert refused.value.code == "ALREADY_ONBOARDED"

    def test_may_change_only_the_casing_of_the_name(self, viewer):
        assert services.onboard(actor=viewer, username="vera_1", display_name="V").username == "vera_1"

    @pytest.mark.parametrize("name", ["stan", "STAN"])
    def test_another_persons_name_is_refused_and_nothing_changes(
        self, viewer, stranger, name, picture, tmp_path
    ):
        with pytest.raises(Conflict) as refused:
            services.onboard(actor=viewer, username=name, display_name="V", avatar=picture())
        assert not list(tmp_path.rglob("*.webp"))
        assert list(refused.value.fields) == ["username"]
        viewer.refresh_from_db()
        assert (viewer.username, viewer.display_name, viewer.is_onboarded) == ("Vera_1", "", False)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("username", "a b"),
            ("username", ""),
            ("username", "Moderator"),
            ("display_name", "  "),
            ("display_name", "x" * 41),
            ("display_name", "\u200b\u200d"),
            ("display_name", "\u202e\u200b" * 3000),
            ("bio", "x" * 301),
        ],
    )
    def test_names_the_field_that_is_wrong(self, viewer, field, value):
        with pytest.raises(Invalid) as refused:
            services.onboard(**{"actor": viewer, "display_name": "Vera", field: value})
        assert list(refused.value.fields) == [field]
        viewer.refresh_from_db()
        assert not viewer.is_onboarded

    def test_can_be_skipped(self, viewer):
        assert services.skip_onboarding(actor=viewer).is_onboarded
        first = viewer.onboarded_at
        assert services.skip_onboarding(actor=viewer).onboarded_at == first

    def test_works_over_the_api_with_a_picture(self, api, signed_in, picture):
        answer = api.post(
            "/api/auth/onboard", {"displayName": "Vera", "avatar": picture("JPEG")}, format="multipart"
        )
        assert answer.status_code == 200, answer.content
        body = answer.json()
        assert body["displayName"] == "Vera"
        assert body["isOnboarded"] is True
        assert body["avatarUrl"].endswith(".webp")
        assert api.get("/api/auth/me").json() == body


@pytest.mark.django_db(transaction=True)
def test_two_who_take_one_name_at_once_do_not_share_it(viewer, stranger):
    def rename(person: User) -> str:
        try:
            return services.onboard(actor=person, username="same", display_name="S").username
        except Conflict as refused:
            return refused.code

    outcomes = at_once(lambda: rename(viewer), lambda: rename(stranger))
    assert sorted(outcomes) == ["USERNAME_TAKEN", "same"]


class TestEditingTheProfile:
    def test_changes_what_is_given_and_nothing_else(self, viewer):
        services.edit_profile(actor=viewer, bio="hello", theme="dark")
        person = services.edit_profile(actor=viewer, display_name="Vera", time_zone="Europe/Paris", bio="")
        assert (person.display_name, person.bio, person.theme) == ("Vera", "", "dark")
        assert person.time_zone == "Europe/Paris"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("display_name", ""),
            ("bio", "x" * 301),
            ("color", "red;}"),
            ("color", "#000000"),
            ("theme", "pink"),
            ("language", "tlh"),
            ("time_zone", "../../etc/passwd"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, viewer, field, value):
        with pytest.raises(Invalid) as refused:
            services.edit_profile(actor=viewer, **{"bio": "kept out", field: value})
        assert list(refused.value.fields) == [field]
        viewer.refresh_from_db()
        assert viewer.bio == ""

    def test_a_stranger_to_the_site_may_not(self):
        for verb in (services.edit_profile, services.skip_onboarding):
            with pytest.raises(SignInNeeded):
                verb(actor=AnonymousUser())

    def test_neither_may_somebody_whose_account_is_closed(self, viewer):
        viewer.is_active = False
        with pytest.raises(NotAllowed):
            services.edit_profile(actor=viewer, bio="hello")

    def test_the_api_speaks_camel_case(self, api, signed_in):
        answer = api.patch(
            "/api/auth/profile", {"displayName": "Vera", "timeZone": "Asia/Tokyo"}, format="json"
        )
        assert answer.status_code == 200
        assert (answer.json()["displayName"], answer.json()["timeZone"]) == ("Vera", "Asia/Tokyo")
        refused = api.patch("/api/auth/profile", {"timeZone": "Mars/Olympus"}, format="json")
        assert refused.status_code == 400
        assert list(refused.json()["fields"]) == ["timeZone"]

    def test_a_refused_call_over_the_api_leaves_the_picture_too(self, api, signed_in, viewer, picture):
        services.edit_profile(actor=viewer, avatar=picture())
        without = {"avatar": None, "displayName": "Vera V."}
        assert api.patch("/api/auth/profile", without | {"bio": "x" * 301}, format="json").status_code == 400
        shown = api.get("/api/auth/me").json()
        assert (shown["avatarUrl"] != "", shown["displayName"]) == (True, "Vera_1")
        changed = api.patch("/api/auth/profile", without, format="json").json()
        assert (changed["avatarUrl"], changed["displayName"]) == ("", "Vera V.")

    def test_markup_in_a_name_is_text(self, viewer):
        person = services.edit_profile(actor=viewer, display_name="<script>alert(1)</script>")
        assert person_payload(person)["displayName"] == "<script>alert(1)</script>"


@pytest.mark.django_db(transaction=True)
def test_the_old_avatars_file_goes_when_a_new_one_is_there(viewer, picture):
    first = services.edit_profile(actor=viewer, avatar=picture())
    old, storage = first.avatar.name, first.avatar.storage
    second = services.edit_profile(actor=viewer, avatar=picture("WEBP", (1200, 300)))
    assert not storage.exists(old)
    with Image.open(second.avatar) as stored:
        assert (stored.format, stored.size) == ("WEBP", (300, 300))
    services.edit_profile(actor=viewer, avatar=None)
    assert not storage.exists(second.avatar.name)
    viewer.refresh_from_db()
    assert viewer.avatar_url == ""


class TestHostilePictures:
    def refused(self, viewer: User, data: bytes, name: str = "me.png") -> str:
        upload = SimpleUploadedFile(name, data, "image/png")
        with pytest.raises(Invalid) as refused:
            services.edit_profile(actor=viewer, avatar=upload)
        assert list(refused.value.fields) == ["avatar"]
        viewer.refresh_from_db()
        assert not viewer.avatar
        return refused.value.message

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"GIF89a",
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            b"<!doctype html><script>alert(1)</script>",
            b"%PDF-1.7",
            b"\x00" * 1000,
        ],
    )
    def test_what_is_no_picture_is_refused(self, viewer, data):
        assert "Use JPEG, PNG, WebP or GIF" in self.refused(viewer, data)

    def test_a_file_that_is_too_big_is_refused(self, viewer):
        assert "at most 8 MB" in self.refused(viewer, b"\x89PNG\r\n\x1a\n" + b"\x00" * (8 << 20))

    def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(self, viewer):
        out = io.BytesIO()
        Image.new("1", (9000, 9000)).save(out, "PNG")
        assert len(out.getvalue()) < 50_000
        assert "at most 25 megapixels" in self.refused(viewer, out.getvalue())

    def test_a_truncated_picture_is_refused(self, viewer, picture):
        for kind in ("PNG", "JPEG", "WEBP", "GIF"):
            data = picture(kind).read()
            self.refused(viewer, data[: len(data) // 2])

    def test_other_formats_of_the_decoder_are_not_taken(self, viewer, picture):
        for kind in ("BMP", "TIFF", "ICO"):
            self.refused(viewer, picture(kind).read())

    def test_damaged_pictures_never_crash(self, viewer, picture):
        dice = random.Random(7)
        for kind in ("PNG", "JPEG", "WEBP", "GIF"):
            whole = picture(kind, (64, 48)).read()
            for _ in range(150):
                data = bytearray(whole)
                for _ in range(dice.randint(1, 6)):
                    data[dice.randrange(len(data))] = dice.randrange(256)
                try:
                    services.edit_profile(actor=viewer, avatar=SimpleUploadedFile("x", bytes(data)))
                except Invalid as refused:
                    assert list(refused.fields) == ["avatar"]

    def test_nothing_but_pixels_survives(self, viewer):
        out = io.BytesIO()
        exif = Image.Exif()
        exif[0x010E] = "home address"
        exif[0x0112] = 6  # lies on its side
        Image.new("RGB", (200, 100), "red").save(out, "JPEG", exif=exif, comment=b"secret comment")
        data = out.getvalue() + b"trailing words"
        person = services.edit_profile(actor=viewer, avatar=SimpleUploadedFile("a.jpg", data))
        stored = person.avatar.read()
        assert stored[:4] == b"RIFF"
        for trace in (b"home address", b"secret comment", b"trailing words"):
            assert trace not in stored

    def test_an_animation_is_reduced_to_its_first_frame(self, viewer):
        out = io.BytesIO()
        frames = [Image.new("RGB", (40, 40), c) for c in ("red", "green", "blue")]
        frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
        person = services.edit_profile(actor=viewer, avatar=SimpleUploadedFile("a.gif", out.getvalue()))
        with Image.open(person.avatar) as stored:
            assert getattr(stored, "n_frames", 1) == 1

    def test_the_name_that_came_with_the_file_is_forgotten(self, viewer, picture):
        upload = picture()
        upload.name = "../../../evil.html"
        person = services.edit_profile(actor=viewer, avatar=upload)
        folder, _, name = person.avatar.name.rpartition("/")
        assert folder == "avatars"
        assert name.endswith(".webp")
        assert "evil" not in name
