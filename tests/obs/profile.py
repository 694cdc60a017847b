"""An OBS that has been set up by hand, as files: profile, scene collection, no wizard."""

from __future__ import annotations

import json
from pathlib import Path

GLOBAL = """\
[General]
FirstRun=true
LastVersion=486539266
EnableAutoUpdates=false
ConfirmOnExit=false

[Basic]
Profile=AeThex
ProfileDir=AeThex
SceneCollection=AeThex
SceneCollectionFile=AeThex

[BasicWindow]
WarnBeforeStartingStream=false
WarnBeforeStoppingStream=false
SysTrayEnabled=false
"""

# What docs/obs.md asks people to set, by the names that OBS gives it in its files.
BASIC = """\
[General]
Name=AeThex

[Output]
Mode=Simple

[SimpleOutput]
StreamEncoder=x264
VBitrate=1500
ABitrate=128
Preset=ultrafast
UseAdvanced=true
x264Settings=keyint=60 scenecut=0 tune=zerolatency

[Video]
BaseCX=1280
BaseCY=720
OutputCX=1280
OutputCY=720
FPSType=0
FPSCommon=30

[Audio]
SampleRate=48000
ChannelSetup=Stereo
"""


def write(home: Path, *, server: str, key: str, film: Path) -> None:
    """Lay OBS's configuration below `home`: publish to `server` with `key`, show the looping `film`."""
    root = home / ".config/obs-studio"
    profile, scenes = root / "basic/profiles/AeThex", root / "basic/scenes"
    for folder in (profile, scenes):
        folder.mkdir(parents=True)
    (root / "global.ini").write_text(GLOBAL)
    (profile / "basic.ini").write_text(BASIC)
    settings = {"server": server, "key": key, "use_auth": False, "bwtest": False}
    (profile / "service.json").write_text(json.dumps({"type": "rtmp_custom", "settings": settings}))
    (scenes / "AeThex.json").write_text(json.dumps(_collection(film)))


def _collection(film: Path) -> dict[str, object]:
    items = [_item(1, "Background"), _item(2, "Film")]
    sources = [
        {"id": "scene", "name": "Scene", "settings": {"id_counter": 2, "items": items}},
        {
            "id": "color_source",
            "versioned_id": "color_source_v3",
            "name": "Background",
            "settings": {"color": 0xFF402010, "width": 1280, "height": 720},
        },
        {"id": "ffmpeg_source", "name": "Film", "settings": {"local_file": str(film), "looping": True}},
    ]
    return {
        "name": "AeThex",
        "current_scene": "Scene",
        "current_program_scene": "Scene",
        "scene_order": [{"name": "Scene"}],
        "sources": sources,
    }


def _item(number: int, name: str) -> dict[str, object]:
    return {
        "id": number,
        "name": name,
        "visible": True,
        "pos": {"x": 0.0, "y": 0.0},
        "scale": {"x": 1.0, "y": 1.0},
    }
