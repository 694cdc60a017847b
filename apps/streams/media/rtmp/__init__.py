"""RTMP as encoders speak it (Adobe "Real-Time Messaging Protocol specification 1.0"), publish side."""
