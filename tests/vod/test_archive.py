"""The recordings' storage: files, and S3 as a real client speaks it."""

from collections.abc import Iterator

import pytest
from pytest import raises
from storages.backends.s3 import S3Storage

from apps.streams.archive import StorageArchive, recordings_archive
from apps.streams.media.names import read_names
from tests.stack.objects import object_storage
from tests.streams.media.conftest import FlvMaker, ffmpeg, make_flv  # noqa: F401
from tests.streams.media.edge import Edge, MemoryGate
from tests.streams.media.rewinding import FAST, PREFIX, film, whole


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with object_storage("recordings") as (endpoint, _):
        yield endpoint


def archive(endpoint: str) -> StorageArchive:
    return StorageArchive(
        S3Storage(
            bucket_name="recordings",
            endpoint_url=endpoint,
            region_name="us-east-1",
            access_key="x",
            secret_key="x",
            location="recordings",
            file_overwrite=True,
        )
    )


def test_what_was_written_is_listed_and_read(s3):
    kept = archive(s3)
    kept.write("one/a.m4s", [b"ab", b"cd"])
    kept.write("one/b.m4s", [b"ef"])
    kept.write("one/b.m4s", [b"gh"])
    kept.write("two/c.m4s", [b"ij"])
    assert kept.names("one") == ["a.m4s", "b.m4s"]
    assert kept.names("nothing") == []
    assert (kept.read("one/a.m4s"), kept.read("one/b.m4s")) == (b"abcd", b"gh")


def test_viewers_go_back_to_what_only_the_bucket_has(s3: str, make_flv: FlvMaker):  # noqa: F811
    kept = archive(s3)
    with Edge(gate=MemoryGate(recording=True), archive=kept, **FAST) as edge:
        film(edge, make_flv)
        seen = whole(edge)
        window = edge.node._streams["stream"].window
        old = [segment for segment in seen.segments if edge.call(window.find, segment.msn) is None]
        assert len(old) > 6 and old[0].msn == 1
        for segment, file in zip(old, read_names(kept.names(PREFIX)), strict=False):
            assert segment.uri is not None
            answer = edge.get(segment.uri)
            assert answer.status_code == 200 and answer.content == kept.read(f"{PREFIX}/{file.name}")


def test_a_storage_out_of_reach_is_an_oserror():
    away = archive("http://127.0.0.1:9")
    with raises(OSError):
        away.write("one/a.m4s", [b"x"])
    with raises(OSError):
        away.names("one")


def test_recordings_are_kept_outside_what_is_served(settings, tmp_path):
    assert str(settings.MEDIA_ROOT) not in settings.STORAGES["recordings"]["OPTIONS"]["location"].parts
    assert recordings_archive().names("no-such-broadcast") == []
