"""What people and channels of the crowd are called, and what they say."""

FIRST = """
    amber bold brisk calm clever cosy dapper dusty eager early faint fancy fresh gentle glad golden grand
    happy hasty hidden honest humble icy idle jolly keen kind late lively lone loud lucky mellow merry
    mild misty modern neat nimble noble odd pale patient plain proud quick quiet rapid rare royal rusty
    sandy shy silent silver sleepy slow small smart snowy solar steady stray sunny swift tidy tiny vivid
    warm wild
""".split()  # noqa: SIM905  read as prose, not as a column
SECOND = """
    acorn anchor badger beacon birch bison brook canyon cedar cloud comet coral crane dune eagle ember
    falcon fern finch fox galaxy garden glacier grove harbor hawk heron hill island ivy jaguar juniper
    kite lagoon lake lantern lark lynx maple meadow mesa moon moss oak ocean orbit otter owl panda pebble
    pine planet puffin quartz raven reef ridge river robin sparrow spruce star stone storm summit thistle
    tiger trail tulip valley walnut wave willow wolf wren yak
""".split()  # noqa: SIM905  read as prose, not as a column
TITLES = (
    "First try, no map", "Rank climb with viewers", "Late night talk", "Building a table from scrap",
    "Sketching your ideas", "Learning Rust together", "Vinyl set until midnight",
    "Marathon training, day {}", "Cooking what is left over", "Speedrun attempts, number {}",
    "Chess with the chat", "Repairing old radios", "Studying until the exam",
    "Open questions about telescopes", "Indie games of the week", "Morning coffee", "A song in an hour",
    "Painting a mountain", "Finishing chapter {}", "Tournament warm-up",
)  # fmt: skip
ABOUT = (
    "Every evening, with a cup of tea.", "Beginners welcome. Ask anything.", "New parts every week.",
    "Mostly calm, sometimes loud.", "Built in the open, mistakes included.", "Music first, talk later.",
)  # fmt: skip
LINES = (
    "hello from the train", "how long have you been live?", "that was close", "gg", "what is this song?",
    "first time here, nice place", "can you show that again?", "I tried it yesterday, it works",
    "the sound is better today", "good night everybody", "which brush is that?", "you forgot the salt",
)  # fmt: skip
TAGS = """
    english friendly beginners longplay ambient vinyl cosy ranked coop retro tutorial acoustic outdoor
    study live-coding no-spoilers family late-night drawing fitness
""".split()  # noqa: SIM905  read as prose, not as a column
LANGUAGES = ("en", "en", "en", "en", "de", "es", "fr", "pt", "ja", "ko")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo")
