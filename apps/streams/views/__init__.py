"""Pages of streams: `watching` for everybody, `creating` for who broadcasts, `rehearsing` before that."""
