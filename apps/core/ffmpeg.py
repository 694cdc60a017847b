"""Which ffmpeg this installation uses."""

from __future__ import annotations

import os
import shutil

import imageio_ffmpeg


def ffmpeg_path() -> str:
    """FFMPEG_PATH, else the system's, else the one that came with the Python packages."""
    return os.environ.get("FFMPEG_PATH") or shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()
