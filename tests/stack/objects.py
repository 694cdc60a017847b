"""An object storage that speaks S3's wire format, for as long as it is wanted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}


@contextlib.contextmanager
def object_storage(bucket: str) -> Iterator[tuple[str, Any]]:
    """Its address, and the bucket to look into. Consistency, versioning and access rules are not covered."""
    server = ThreadedMotoServer(port=0)
    server.start()
    try:
        address = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        yield address, boto3.resource("s3", endpoint_url=address, **KEYS).create_bucket(Bucket=bucket)
    finally:
        server.stop()
