"""Letters that pass for another: each Latin letter with the strangers that are drawn like it.

Fullwidth, circled, mathematical and superscript letters are not here: compatibility decomposition knows them.
"""

from __future__ import annotations

_ALIKE = {
    "a": "аɑαᴀɐΑⱥ∀ӓӑᎪ🅰🄰",
    "b": "вьβʙƀɓЬВΒᏴ🅱🄱",
    "c": "сϲᴄɕƈ¢ⅽСϹᏟ🅲🄲",
    "d": "ԁɗđðᴅƌⅾᎠ🅳🄳",
    "e": "еεєɛᴇəɘэ€ℯΕЕЄᎬ🅴🄴",
    "f": "ƒғꜰϝ🅵🄵",
    "g": "ɡɢǥɠցԍᏀ🅶🄶",
    "h": "һнհɦħʜНΗᎻ🅷🄷",
    "i": "іιɩıɪɨїΙІᎥ🅸🄸",
    "j": "јϳʝᴊЈᎫ🅹🄹",
    "k": "кκᴋƙқКΚᏦ🅺🄺",
    "l": "ӏʟłɫƖℓⅼᏞ🅻🄻",
    "m": "мᴍɱⅿМΜᎷ🅼🄼",
    "n": "ηɴոŋпɲΝ🅽🄽",
    "o": "оοσօøᴏɵθОΟՕ🅾🄾",
    "p": "рρᴘƥþРΡᏢ🅿🄿",
    "q": "ԛգʠ🆀🅀",
    "r": "ʀгɾɍᴦᎡ🆁🅁",
    "s": "ѕꜱʂЅᏚ🆂🅂",
    "t": "тτᴛŧƭТΤᎢ🆃🅃",
    "u": "υսᴜμʉʊц🆄🅄",
    "v": "νѵᴠʋⅴѴᏙ🆅🅅",
    "w": "ԝωᴡшѡԜᎳ🆆🅆",
    "x": "хχⅹ×ХΧ🆇🅇",
    "y": "уүγʏɏÿУΥҮ🆈🅈",
    "z": "ʐᴢƶżΖᏃ🆉🅉",
}
LOOKALIKES = {stranger: letter for letter, strangers in _ALIKE.items() for stranger in strangers}
LOOKALIKES |= {chr(0x1F1E6 + n): chr(ord("a") + n) for n in range(26)}  # 🇦 … 🇿
LOOKALIKES |= {"æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe"}

# Digits and signs that are read as letters. Their letter is written as a capital: the normal form has no
# others, so a term can say which of its letters (`l`: `l` or `I`) and digits (`1`: `1` or `I`) may look so.
LEET = {
    "0": "O", "1": "I", "3": "E", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B", "9": "G",
    "@": "A", "$": "S", "!": "I", "|": "I", "+": "T",
}  # fmt: skip
READ_AS = {"A": "a4", "B": "b8", "E": "e3", "G": "g69", "I": "il1", "O": "o0", "S": "s5", "T": "t7"}
