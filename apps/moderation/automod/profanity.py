"""A list of our own: rude words of English, by what they hurt with and how much of that a room bears.

A level catches its own words and those of all levels below it: 1 is what hardly any room wants, 4 is for
rooms with children, and catches harmless words of other languages, too (German "dick"): permit those by a
term.
The words are turned by 13 letters, so that nobody has to read them who reads the code.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

from .terms import ENDINGS, TermList, pattern_of

# `~` takes the usual endings, `*` stands for the rest of a word, bars hold the words of a phrase together.
_TURNED = {
    "hate": {
        1: (
            "avttre~ avttn~ avttnu avtyrg~ snttbg snttbgf snttbgl xvxr~ jrgonpx~ genaal genaavrf "
            "fnaqavttre~ wvtnobb~"
        ),
        2: (
            "pbba pbbaf tbbx~ fcvp fcvpf puvax puvaxf snt sntf enturnq~ gbjryurnq~ furznyr~ cnxv cnxvf "
            "ornare~ qnexvr~ cvpxnavaal tlccb~ tbyyvjbt~ ergneq ergneqf ergneqrq gneq gneqf |urvy "
            "uvgyre| |fvrt urvy| |tnf gur wrjf| |juvgr cbjre| |uvgyre jnf evtug|"
        ),
        3: (
            "anmv~ arteb~ qlxr qlxrf tlcfl tlcfvrf yvogneq~ fcnm~ fcnfgvp~ pevccyr~ zvqtrg~ zbatbybvq~ "
            "erqarpx~ |tb onpx gb lbhe pbhagel|"
        ),
        4: "ynzr ubzb ubzbf dhrre~",
    },
    "sexual": {
        1: (
            "encr encrf encrq encvat encvfg~ puvyqcbea |puvyq cbea| crqb~ cnrqb~ crqbcuvyr~ cnrqbcuvyr~ "
            "ybyvpba~ |fraq ahqrf|"
        ),
        2: (
            "phzfubg~ oybjwbo~ unaqwbo~ evzwbo~ tnatonat~ qrrcguebng~ pernzcvr~ ohxxnxr qvyqb~ "
            "ohggcyht~ wrexbss |wrex bss| wnpxbss |wnpx bss| juber~ fyhg~ cbeauho uragnv"
        ),
        3: (
            "cbea~ cbeab cbeabtencul chffl chffvrf obbof obbovrf gvgf gvggvrf pbpx pbpxf cravf cravfrf "
            "intvan~ pyvg pyvgf pyvgbevf phz phzf wvmm~ znfgheongr~ znfgheongvat betnfz~ ubeal zvys~ "
            "nany rerpgvba~ obare~ ahqr ahqrf"
        ),
        4: (
            "frk~ frkl frkhny frkgvat anxrq qvpx~ oernfg~ ohgg ohggf nff |obbgl pnyy| xvaxl srgvfu~ "
            "gubat~ fhpx~"
        ),
    },
    "profanity": {
        1: "phag~ |xvyy lbhefrys| xlf |xvyy lbhe frys| |arpx lbhefrys| |unat lbhefrys|",
        2: (
            "*shpx* spx~ spxvat shx~ shxva zbgureshpxre~ pbpxfhpxre~ ovgpu~ ovgpunff fbabsnovgpu "
            "fuvgurnq~ qvcfuvg~ nffubyr~ nefrubyr~ nffung~ qvpxurnq~ shpxsnpr~ jnaxre~ gjng~ onfgneq~ "
            "oryyraq~ fgsh"
        ),
        3: (
            "fuvg~ fuvggl fuvggvat ohyyfuvg~ ubefrfuvg nff nefr nefrf wnpxnff~ qhzonff~ onqnff~ cevpx "
            "cevpxf cvff~ cvffrq jnax~ obyybpxf qbhpur~ qbhpuront~ tbqqnza~ tbqqnzzvg jgs fynt fyntf"
        ),
        4: (
            "qnza~ qnzzvg penc penccl uryy oybbql ohttre~ fbq fbqf fbqqvat vqvbg~ zbeba~ fghcvq qhzo "
            "ybfre~ |fuhg hc| abbo~ genfu"
        ),
    },
}
CATEGORIES = tuple(_TURNED)


@cache
def words(category: str, level: int) -> tuple[str, ...]:
    """What this level of a category catches."""
    turned = [listed for step, listed in _TURNED[category].items() if step <= level]
    entries = re.findall(r"\|[^|]+\||\S+", codecs.decode(" ".join(turned), "rot13"))
    return tuple(entry.strip("|") for entry in entries)


@cache
def term_list(hate: int, sexual: int, profanity: int) -> TermList:
    """The words of these levels, ready to match; shared by all channels that have the same ones."""
    levels = {"hate": hate, "sexual": sexual, "profanity": profanity}
    entries = dict.fromkeys(word for category, level in levels.items() for word in words(category, level))
    return TermList([_pattern(entry) for entry in entries])


def _pattern(entry: str) -> str:
    return pattern_of(entry.removesuffix("~"), endings=ENDINGS if entry.endswith("~") else ())
