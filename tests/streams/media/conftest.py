"""Test streams, made once a session by ffmpeg, and running edges."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from apps.streams.media import FileArchive
from apps.streams.media.flv import FlvReader, Tag
from tests.streams.media.edge import Edge, MemoryGate
from tests.streams.media.rewinding import FAST, film

FlvMaker = Callable[..., list[Tag]]


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    path = shutil.which("ffmpeg")
    if path is None:
        pytest.fail("these tests need ffmpeg and ffprobe: apt-get install ffmpeg")
    return path


@pytest.fixture(scope="session")
def make_flv(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> FlvMaker:
    """make_flv(seconds=…, rate=…, gop=…, size=…, sound=…, video=…): the tags of such a file."""
    base = tmp_path_factory.getbasetemp()
    # Workers of one run share what they encode: their own folders lie side by side.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "flv"
    folder.mkdir(exist_ok=True)
    made: dict[str, list[Tag]] = {}

    def make(
        *,
        seconds: float = 6,
        rate: str = "30",
        gop: int = 60,
        size: str = "320x180",
        sound: str | None = "-c:a aac -ar 48000 -ac 2",
        video: str | None = "-c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p",
    ) -> list[Tag]:
        command = f"{ffmpeg} -loglevel error"
        if video:
            command += f" -f lavfi -i testsrc2=s={size}:r={rate}"
        if sound:
            command += " -f lavfi -i sine=frequency=440:sample_rate=48000"
        command += f" -t {seconds} {sound or ''}"
        if video:
            command += f" {video} -g {gop} -keyint_min {gop} -sc_threshold 0"
        if command not in made:
            path = folder / f"{hashlib.sha256(command.encode()).hexdigest()}.flv"
            if not path.exists():
                draft = path.with_suffix(f".{os.getpid()}")
                subprocess.run(f"{command} -f flv {draft}".split(), check=True)
                draft.replace(path)
            made[command] = list(FlvReader().feed(path.read_bytes()))
        return made[command]

    return make


@pytest.fixture
def edge() -> Iterator[Edge]:
    with Edge() as running:
        yield running


@pytest.fixture
def probe(ffmpeg: str, tmp_path: Path) -> Callable[..., str]:
    """probe(data or URL, *options): what ffprobe, a foreign reader, says; it may complain of nothing."""

    def run(source: bytes | str, *options: str) -> str:
        if isinstance(source, bytes):
            path = tmp_path / "probed.mp4"
            path.write_bytes(source)
            source = str(path)
        command = [ffmpeg.replace("ffmpeg", "ffprobe"), "-v", "error", *options, source]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert not done.stderr, done.stderr
        return done.stdout

    return run


def write_pem(path: Path) -> Path:
    """A new key and certificate of localhost, signed by nobody, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return write_pem(tmp_path / "localhost.pem")


@pytest.fixture
def archive(tmp_path: Path) -> FileArchive:
    return FileArchive(tmp_path)


@pytest.fixture
def rewound(archive: FileArchive, make_flv: FlvMaker) -> Iterator[Edge]:
    """A stream of 30 s, whose first 20 are in the archive alone."""
    with Edge(gate=MemoryGate(recording=True), archive=archive, **FAST) as edge:
        film(edge, make_flv)
        yield edge
