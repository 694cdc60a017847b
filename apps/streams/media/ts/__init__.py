"""MPEG transport streams (ISO/IEC 13818-1) in; H.264 and AAC messages out."""
