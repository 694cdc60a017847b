"""Every number of the live edge that an operator may want to change, with the reason for its default."""

from __future__ import annotations

from dataclasses import dataclass, field

from apps.streams.media.egress import Egress
from apps.streams.media.rtmp.certificate import Certificate
from apps.streams.media.upstream import Patience


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """What one encoder, one address and all of them together may ask of the doors, whichever they use.

    Seconds are wall-clock seconds, sizes are bytes. Whoever exceeds one of them loses the connection, nobody
    else notices.
    """

    handshake_seconds: float = 5.0
    """From the accepted connection to the end of RTMP's handshake, that of TLS before it included."""
    publish_seconds: float = 10.0
    """From the accepted connection to an admitted `publish`."""
    idle_seconds: float = 15.0
    """Without one whole audio or video message."""
    claim_seconds: float = 10.0
    """How long the gate may think about a key."""
    goodbye_seconds: float = 1.0
    """How long a refused encoder may take to read the reason."""
    max_connections: int = 1000
    max_connections_per_address: int = 20
    max_unauthenticated: int = 200
    max_message_bytes: int = 4 * 1024 * 1024
    max_command_bytes: int = 64 * 1024
    """Largest message before a publish, and largest command afterwards."""
    max_unpublished_bytes: int = 256 * 1024
    """All that an encoder may send before it is admitted."""
    max_chunk_streams: int = 32
    max_bitrate: int = 60_000_000
    """Bits a second, averaged; a faster encoder is slowed down by TCP, not cut."""
    burst_bytes: int = 16 * 1024 * 1024
    max_lead_seconds: float | None = 10.0
    """How far media time may run ahead of the clock before the encoder is slowed down; None: any."""

    srt_latency_ms: int = 120
    """How long a missing packet is waited for at least; encoders may ask for more."""
    srt_max_latency_ms: int = 8000
    srt_window: int = 8192
    """Packets that one connection may have under way: 12 MB, some 15 s of 6 Mbit/s."""


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """How patient forwarding to a target is."""

    unsent_bytes: int = 4 * 1024 * 1024
    """What a target may be behind with: some seconds of a good picture. Beyond it frames are dropped."""
    stuck_seconds: float = 10.0
    """A target that takes nothing for so long is left."""
    idle_seconds: float = 20.0
    """An encoder may be away for so long before the target is told that it is over."""
    first_retry_seconds: float = 1.0
    most_retry_seconds: float = 60.0
    steady_seconds: float = 30.0
    """A connection that held so long is a good one: retries begin anew."""
    refusals: int = 3
    """So many in a row, and it is the key. One alone may be the last connection, still in the door."""


@dataclass(frozen=True, slots=True)
class MediaConfig:
    """How the live edge cuts, keeps, lists and guards media.

    TARGETDURATION may never change while a playlist lives (RFC 8216bis 6.2.1), but encoders choose their
    keyframe interval freely, and only a segment that begins with a keyframe lets somebody join there: hls.js
    gives up on others. So it is fixed at 10, which with HLS' rounding admits 10.4 s: x264's default of 250
    pictures, OBS' "auto", at 24 a second. Only longer intervals are cut inside; HLS allows that while
    EXT-X-INDEPENDENT-SEGMENTS is left out. It costs low-latency players nothing; they follow parts, not
    target durations.
    """

    grant_key: bytes
    """Signs playback grants; the process that hands out grants has the same."""
    transcoding_key: bytes
    """Signs transcoders' grants; edges don't have it."""
    rtmp_host: str = "0.0.0.0"  # noqa: S104 - encoders come from everywhere
    rtmp_port: int = 1935
    """0 takes a free port; `IngestNode.rtmp_port` tells which."""
    rtmps_port: int = 1936
    """The same for RTMPS, which is there only with a certificate."""
    certificate: Certificate | None = None
    srt_port: int | None = None
    """The UDP port for SRT, on the same host; 0 takes a free one, None leaves SRT out."""
    name: str = ""
    """What this node is called among all nodes; for who reports what it does."""
    part_ms: int = 200
    """Aimed part duration. PART-TARGET is 5 % more, so that 24 and 29.97 frames a second fit too."""
    target_duration: int = 10
    """TARGETDURATION in seconds; no segment is longer when rounded."""
    segment_min_ms: int = 1000
    """A keyframe closes a segment only from this length on: scene cuts make many keyframes."""
    window_seconds: float = 30.0
    """How much of the past is in memory; never less than four target durations."""
    rewind_seconds: float = 7200.0
    """How much of the past the playlist lists, as far as it was recorded; 0: what is in memory."""
    window_max_bytes: int = 256 * 1024 * 1024
    """Hard limit of one stream's window; beyond it its memory gets shorter instead."""
    block_seconds: float = 6.0
    """Longest wait for what is not there yet; hls.js gives a blocked reload 0.8 target durations."""
    parts_before_live: int = 3
    """A stream is announced when this many parts exist: players that start with fewer stall at once."""
    pending_max_bytes: int = 16 * 1024 * 1024
    """Most media one publisher may have waiting to be cut."""
    grace_seconds: float = 90.0
    """How long the node keeps an interrupted stream that nobody ends: the net below the product's 60 s."""
    linger_seconds: float = 30.0
    """How long an ended stream still answers, with ENDLIST."""
    recorder_threads: int = 2
    recorder_max_bytes: int = 128 * 1024 * 1024
    """Finished segments that may wait for the archive; beyond it they are lost to the recording only."""
    recorder_finish_seconds: float = 60.0
    reader_threads: int = 4
    reader_max_reads: int = 64
    """Files that viewers who went back may wait for at once; who wants one more is told to ask again."""
    reader_cache_bytes: int = 64 * 1024 * 1024
    reader_seconds: float = 5.0
    """How long one of them may take; hls.js gives a segment 6 s to begin."""
    reader_per_viewer: int = 6
    """Files of the past that one viewer may be waiting for or taking; players take one after the other."""
    reader_sending_bytes: int = 256 * 1024 * 1024
    """What was read and is on its way to viewers, who may be slow; who wants more is told to ask again."""
    cached_in_front: bool = False
    """A cache of ours in front asks `check` before it hands out media, and lets nobody else ask: whoever it
    asks for has fetched."""
    stall_seconds: float = 10.0
    """A viewer who takes nothing of a file for so long loses the connection, and what is kept for it goes."""
    rendition_lag_ms: int = 600
    """How far behind the source a rendition may be and be offered; its viewers stay so much farther back."""
    rendition_behind_ms: int = 1500
    """A rendition that is offered is taken back when it is farther behind."""
    rendition_max_bytes: int = 8 * 1024 * 1024
    """Most that one part of a rendition may have."""
    limits: DoorLimits = field(default_factory=DoorLimits)
    egress: Egress = field(default_factory=Egress)
    """How targets of forwarding are reached."""
    relays: RelayLimits = field(default_factory=RelayLimits)

    @property
    def memory_ms(self) -> int:
        """What is in memory at least, and in the playlist.

        Plain players begin three target durations before its end and must not find their segment gone.
        """
        return round(max(self.window_seconds, 4 * self.target_duration) * 1000)

    @property
    def segment_max_ms(self) -> int:
        """The longest segment that rounds to TARGETDURATION."""
        return self.target_duration * 1000 + 499

    @property
    def part_target_ms(self) -> int:
        """The advertised PART-TARGET: no part is longer, and only a segment's last is below 85 % of it."""
        return -(-self.part_ms * 105 // 100)


@dataclass(frozen=True, slots=True)
class EdgeConfig:
    """How an edge keeps, asks and guards. Seconds are wall-clock seconds, sizes are bytes."""

    grant_key: bytes
    """The same as that of the nodes and of the process that hands out grants."""
    live_bytes: int = 256 * 1024 * 1024
    """Parts and init segments that are kept. A stream of 6 Mbit/s makes 750 kB a second."""
    segment_bytes: int = 256 * 1024 * 1024
    """Whole segments, for those who went back or play without parts. What slow viewers take at the moment is
    among it."""
    file_bytes: int = 96 * 1024 * 1024
    """The longest segment of the fastest encoder that is admitted has 80 MB."""
    playlist_bytes: int = 4 * 1024 * 1024
    playlist_seconds: float = 0.2
    """How old a playlist may be that nobody waited for: a part's length."""
    receiving_bytes: int = 256 * 1024 * 1024
    """Of all answers that are on their way from upstream."""
    max_fetches: int = 1024
    """Files that are asked for upstream at once; who wants one more is told to ask again."""
    max_fetches_per_stream: int = 160
    """More than the parts that a viewer may wait for."""
    whereabouts_seconds: float = 2.0
    """How long it is believed where a stream runs, while that works."""
    lookup_seconds: float = 5.0
    retry_seconds: float = 0.5
    """So often is it looked up anew while the stream is not found, or does not answer."""
    idle_seconds: float = 60.0
    """A stream that nobody asks for is forgotten."""
    report_seconds: float = 5.0
    """How often upstream is told who watches."""
    cached_in_front: bool = False
    stall_seconds: float = 10.0
    """Both as in `MediaConfig`."""
    patience: Patience = field(default_factory=Patience)
    """With the upstream; longer than `MediaConfig.block_seconds`."""
