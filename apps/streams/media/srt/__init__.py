"""SRT: a listener for encoders (draft-sharabayko-srt-01, "the draft" in this folder)."""
