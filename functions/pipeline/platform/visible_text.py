"""Text as a reader sees it: whether it is invisible, and whether invisible characters hide or reorder it.

The character classes follow Unicode 17 (2026-11): Default_Ignorable_Code_Point, Bidi_Control and the standard sequences
of emoji and of variants.
"""

import re

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
HIDDEN = re.compile(f"[{INVISIBLE}]")
BLANK = re.compile(rf"[\s\0-\x1f\x7f-\x9f\u2800{INVISIBLE}]*")

EMOJI = "\u00a9\u00ae\u203c\u2049\u2100-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
JOINED_SCRIPTS = "\u0600-\u109f\u1780-\u18af\u1a00-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff"
"""The scripts, from Arabic to those of India, whose characters change shape with their neighbours."""
NEEDED = re.compile(
    "|".join(
        (
            # The flag of England: a flag, its region's code in tags, and the closing tag.
            "\U0001f3f4[\U000e0061-\U000e007a]{2}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,3}\U000e007f",
            f"(?<=[{EMOJI}\ufe0f])\u200d(?=[{EMOJI}])",  # a family
            f"(?<=[{EMOJI}])[\ufe0e\ufe0f]|(?<=[#*0-9])\ufe0f(?=\u20e3)",  # a heart in colour, a key of a telephone
            f"(?<=[{IDEOGRAPHS}])[\ufe00-\ufe02\U000e0100-\U000e01ef]",  # the form of a name's ideograph
            "(?<=[\u1800-\u18af])[\u180b-\u180d\u180f]",  # the form of a Mongolian character
            f"(?<=[{JOINED_SCRIPTS}])[\u200c\u200d]",  # Persian
            "(?<=[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])\u200b",  # a line may break here, in Thai or Khmer
            r"(?<=[^\W\d_])\u00ad(?=[^\W\d_])",  # a line may break here, in a word
        )
    )
)
"""Invisible characters that a script or an emoji needs: one at most after each visible character."""

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
DIRECTION_MARK = re.compile(f"(?<![{INVISIBLE}])[\u200e\u200f\u061c](?![{INVISIBLE}])")
"""Right-to-left text needs these marks beside its punctuation. Unlike overrides they leave words in their order."""


def is_invisible(text: str) -> bool:
    """Whether the text has no visible character, and more than the white space that an analysis may allow."""
    return BLANK.fullmatch(text) is not None and bool(text.strip())


def hides_text(text: str) -> bool:
    """Whether the text has invisible characters that its script does not need.

    Such characters reverse what is read, split words for a search, or carry a hidden message.
    """
    if text.isascii() or not HIDDEN.search(text):
        return False
    rest = NEEDED.sub("\N{REPLACEMENT CHARACTER}", text)
    if RIGHT_TO_LEFT.search(text):
        rest = DIRECTION_MARK.sub("", rest)
    return HIDDEN.search(rest) is not None
