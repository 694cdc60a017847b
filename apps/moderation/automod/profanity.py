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
            "avttre~ avttn~ avttnu avtyrg~ snttbg~ xvxr~ jrgonpx~ genaal genaavrf fnaqavttre~ wvtnobb~ "
            "*snttbg* *avttre"
        ),
        2: (
            "pbba~ tbbx~ fcvp~ puvax~ snt~ sntt~ enturnq~ gbjryurnq~ qlxr~ furznyr~ cnxv~ ornare~ "
            "qnexvr~ cvpxnavaal tlccb~ tbyyvjbt~ ergneq~ gneq~ urvy*uvgyre fvrt*urvy 1488 |tnf gur "
            "wrjf| |juvgr cbjre| |uvgyre jnf evtug|"
        ),
        3: (
            "anmv~ arteb~ tlcfl tlcfvrf yvogneq~ fcnm~ fcnfgvp~ pevccyr~ zvqtrg~ zbatbybvq~ erqarpx~ "
            "|tb onpx gb lbhe pbhagel|"
        ),
        4: "ynzr tvzc~ ubzb ubzbf dhrre~ fnintr~",
    },
    "sexual": {
        1: ("encr~ encvfg~ puvyqcbea |puvyq cbea| crqb~ cnrqb~ crqbcuvyr~ cnrqbcuvyr~ ybyvpba~ |fraq ahqrf|"),
        2: (
            "phzfubg~ oybjwbo~ unaqwbo~ evzwbo~ tnatonat~ qrrcguebng~ pernzcvr~ ohxxnxr qvyqb~ "
            "ohggcyht~ wrexbss |wrex bss| wnpxbss |wnpx bss| juber~ fyhg~ cbeauho uragnv"
        ),
        3: (
            "cbea~ cbeab cbeabtencul chffl chffvrf obbof obbovrf gvgf gvggvrf pbpx~ cravf cravfrf "
            "intvan~ pyvg~ phz~ wvmm~ znfgheongr~ znfgheongvat betnfz~ ubeal zvys~ nany rerpgvba~ "
            "obare~ ahqr~ ahqrf unaql*w"
        ),
        4: ("frk~ frkl frkhny frkgvat anxrq qvpx~ oernfg~ ohgg~ nff |obbgl pnyy| xvaxl srgvfu~ gubat~ fhpx~"),
    },
    "profanity": {
        1: "phag~ |xvyy lbhefrys| xlf |xvyy lbhe frys| |arpx lbhefrys| |unat lbhefrys|",
        2: (
            "*shpx* spx~ spxvat shx~ shxva zbgureshpxre~ pbpxfhpxre~ ovgpu~ ovgpunff fbabsnovgpu "
            "fuvgurnq~ qvcfuvg~ nffubyr~ nefrubyr~ nffung~ qvpxurnq~ shpxsnpr~ jnaxre~ gjng~ onfgneq~ "
            "oryyraq~ fgsh"
        ),
        3: (
            "fuvg~ fuvggl fuvggvat ohyyfuvg~ ubefrfuvg nff nffrf nefr~ wnpxnff~ qhzonff~ onqnff~ cevpx~ "
            "cvff~ cvffrq jnax~ obyybpxf qbhpur~ qbhpuront~ tbqqnza~ tbqqnzzvg jgs fynt~"
        ),
        4: (
            "qnza~ qnzzvg penc~ penccl uryy oybbql ohttre~ fbq~ vqvbg~ zbeba~ fghcvq qhzo ybfre~ |fuhg "
            "hc| abbo~ genfu"
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
