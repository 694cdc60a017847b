"""The recordings' storage: files, and S3 as a real client speaks it."""

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pytest import raises
from storages.backends.s3 import S3Storage

from apps.streams.archive import StorageArchive, recordings_archive


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """moto speaks S3's wire format; it does not cover consistency, versioning or access rules."""
    server = ThreadedMotoServer(port=0)
    server.start()
    _, port = server.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    ).create_bucket(Bucket="recordings")
    yield endpoint
    server.stop()


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


def test_a_storage_out_of_reach_is_an_oserror():
    away = archive("http://127.0.0.1:9")
    with raises(OSError):
        away.write("one/a.m4s", [b"x"])
    with raises(OSError):
        away.names("one")


def test_recordings_are_kept_outside_what_is_served(settings, tmp_path):
    assert str(settings.MEDIA_ROOT) not in settings.STORAGES["recordings"]["OPTIONS"]["location"].parts
    assert recordings_archive().names("no-such-broadcast") == []
