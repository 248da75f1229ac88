"""What the clinicians of the demo write: treatments with the sections of their notes, several wordings of each.

``{…}`` is filled per visit (``records.py``). Doses and settings are those of ordinary practice; no product is named
by its brand.
"""

# ruff: noqa: E501, ISC004, COM819 - a table of texts is read line by line

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Sections = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Treatment:
    """A kind of visit. ``by``: keys of the staff who give it; ``again``: days until it is due again, 0 for never.

    ``excluded``: flags of ``Health`` that rule it out; ``procedure``: how the chart names it, "" for a mere visit.
    ``needle``: whether bruising is to be expected.
    """

    key: str
    title: str
    template: str
    weight: int
    minutes: int
    by: tuple[str, ...]
    reasons: tuple[str, ...]
    sections: Sections
    procedure: str = ""
    again: int = 0
    excluded: frozenset[str] = frozenset()
    needle: bool = False


_DOCTORS = ("nadia.rahimi", "tomas.iglesias", "grace.okonkwo")
_INJECTORS = ("nadia.rahimi", "grace.okonkwo", "lily.tran", "lily.tran")
_LASER = ("daniel.brandt", "daniel.brandt", "tomas.iglesias")
_SKIN = ("priya.nair", "priya.nair", "daniel.brandt")

_BEFORE = (
    "No change in health or medication since the last visit. Consent read again and signed. Photos taken, five views.",
    "Well today, slept and ate. No new medication. Consent for today's treatment signed; standard photos taken.",
    "Health questions gone through, nothing new. Make-up removed, skin cleansed. Photos at rest and in movement.",
    "Was a little anxious, settled with explanation. No new medicines, no infection, not pregnant. Consent signed.",
)
_CALM = (
    "Tolerated well. No bruising, no blanching. Left in good condition.",
    "Mild redness at the end, settling before leaving. No complications.",
    "Pain 2 of 10. Two pinpoint bleeds, pressure for two minutes, dry. Otherwise unremarkable.",
    "Comfortable throughout. One small bruise on the {side}, arnica offered, cold pack given.",
)

CONSULTATION: Final = Treatment(
    "consultation", "First consultation", "consultation", 0, 45, _DOCTORS + _INJECTORS,
    ("New client, referred by a friend", "Wants to know what can be done about ageing around the eyes",
     "Pigment after the summer", "Considering filler for the first time", "Acne scars since school"),
    {
        "wishes": (
            "Would like to look less tired, “not different”. Bothered most by the frown and the corners of the mouth. "
            "Has a wedding in the family in about three months and wants everything settled by then.",
            "Mainly wants clearer skin. Has tried several creams from the internet, with irritation. Does not want "
            "injections today. Budget was talked about openly.",
            "Asks about the lines beside the eyes and about pigment on both cheeks since last summer. "
            "Friends had toxin here and looked natural, which is what decided it.",
            "Thinks of lip filler, half a millilitre at the most. Shows two pictures; one is realistic, one is not, "
            "and we talked about why.",
        ),
        "history": (
            "{facts} No earlier aesthetic treatment. {smoking} Sun: {sun}.",
            "{facts} Toxin once in 2021 elsewhere, liked it, no reaction. {smoking} Sun: {sun}.",
            "{facts} No keloids known, heals well. {smoking} Sun: {sun}.",
        ),
        "examination": (
            "Fitzpatrick {skin}. Dynamic lines of the glabella (3 of 4) and crow's feet (2 of 4), static lines faint. "
            "Mild volume loss of the mid-face. Skin dry, pores fine. No suspicious lesion on face and neck.",
            "Fitzpatrick {skin}. Diffuse pigment on both malar areas, epidermal under Wood's light. A few "
            "comedones on the forehead. No active inflammation, no lesion of concern.",
            "Fitzpatrick {skin}. Ice-pick and rolling scars on both cheeks, no active acne. Good elasticity.",
            "Fitzpatrick {skin}. Lips symmetrical, philtrum well defined, slight asymmetry of the Cupid's bow on the "
            "{side}. Bite normal. No sign of earlier filler.",
        ),
        "advice": (
            "Explained toxin, its onset (3 to 14 days) and how long it lasts (3 to 4 months), bruising, headache, lid "
            "ptosis (about 1 in 100). Filler as a second step only. Sunscreen every day comes before everything. "
            "Costs given in writing.",
            "Explained peels against laser: fewer risks in this skin type with a series of superficial peels. Risks of "
            "darkening, redness and cold sores. Doing nothing is a good choice too. Written information given.",
            "Explained needling in a series of four, down-time of two days each, result judged after three months. "
            "No promise of clear skin. Costs and cancellation rules given in writing.",
        ),
        "plan": (
            "Thinks it over at home. Sunscreen SPF 50 and retinoid at night, begin twice a week. Will book online.",
            "Treatment booked in two weeks, with photos. Stop retinoid five days before. Patch test done today.",
            "Letter to the GP with the client's agreement. Review in four weeks.",
        ),
    },
)  # fmt: skip

TREATMENTS: Final = (
    Treatment(
        "toxin", "Botulinum toxin, upper face", "treatment", 30, 30, _INJECTORS,
        ("Frown and forehead lines", "Crow's feet and frown", "Maintenance, upper face", "Lines are back"),
        {
            "before": _BEFORE,
            "done": (
                "Glabella {glabella} units in 5 points, forehead {forehead} units in 6 points high above the brow, crow's "
                "feet {eyes} units each side in 3 points. 30 G needle, 2.5 ml saline per 100 units. Total {units} units.",
                "Frontalis {forehead} units, procerus and corrugators {glabella} units, lateral orbicularis {eyes} units "
                "each side. Brow height kept; {side} brow slightly lower to begin with, shown in the mirror beforehand. "
                "Total {units} units.",
            ),
            "products": ("OnabotulinumtoxinA 100 units, lot {lot}, expires {expires}. {units} units used, rest discarded.",),
            "response": _CALM,
            "aftercare": (
                "Upright for four hours, no sport and no rubbing today. Review in two weeks, touch-up if needed.",
                "Usual advice given on paper. Call at once for drooping lid or double vision. Review at day 14.",
            ),
        },
        procedure="Injection of botulinum toxin, upper face", again=112,
        excluded=frozenset({"pregnant"}), needle=True,
    ),
    Treatment(
        "filler", "Dermal filler", "treatment", 14, 45, _INJECTORS,
        ("Lips, more definition", "Volume of the cheeks", "Nasolabial folds", "Top-up after eight months"),
        {
            "before": _BEFORE,
            "done": (
                "Lips: {ml} ml, linear threads along the vermilion border and 2 boluses in the body of the lower lip. 30 G "
                "needle, aspirated before each bolus, slow. Symmetry checked sitting up.",
                "Mid-face: 25 G cannula, one entry point each side, {ml} ml in total, deep on the bone laterally, fanned "
                "above it medially. Moulded. No blanching, capillary refill under 2 seconds throughout.",
                "Nasolabial folds: {ml} ml in total, cannula, deep plane, retrograde. Massaged.",
            ),
            "products": ("Hyaluronic acid filler 20 mg/ml {lidocaine}, lot {lot}, expires {expires}, {ml} ml used. "
                         "Hyaluronidase in the room, lot H7712.",),
            "response": _CALM,
            "aftercare": (
                "Cold pack, no make-up for 12 hours, no sauna for a week. Warning signs of occlusion gone through and given "
                "on paper, with the emergency number. Call tomorrow, review in two weeks.",
            ),
        },
        procedure="Injection of dermal filler", again=240, excluded=frozenset({"pregnant", "bleeds"}), needle=True,
    ),
    Treatment(
        "peel", "Chemical peel", "treatment", 15, 40, _SKIN,
        ("Dull skin and pigment", "Peel 2 of a series", "Acne marks", "Before the summer"),
        {
            "before": ("Sunscreen used every day, retinoid stopped for five days. No cold sore, no open skin. Consent signed.",
                       *_BEFORE[:2]),
            "done": (
                "Degreased. Glycolic acid 35 %, two layers, 4 minutes, neutralised. Light even redness, no frosting.",
                "Mandelic acid 40 %, 6 minutes on forehead and cheeks, 4 minutes on the neck. Neutralised, cooled.",
                "Salicylic acid 20 % in two passes on the T-zone, pseudo-frosting, washed off after 4 minutes.",
            ),
            "products": ("Peel solution, lot {lot}, expires {expires}. Soothing mask, barrier cream, SPF 50.",),
            "response": ("Stinging 4 of 10 for a minute, then 1. Redness settling.", *_CALM[:2]),
            "aftercare": ("No retinoid and no sun for seven days; SPF 50 every two hours outdoors. Flaking from day 3 is "
                          "expected. Next one in four weeks.",),
        },
        procedure="Chemical peel of face", again=28, excluded=frozenset({"pregnant", "isotretinoin"}),
    ),
    Treatment(
        "laser hair", "Laser hair removal", "treatment", 14, 30, _LASER,
        ("Axillae, session in the series", "Lower legs", "Upper lip and chin", "Bikini line"),
        {
            "before": ("No tan, shaved yesterday, no plucking for four weeks. No light-sensitising medication. Eye "
                       "protection on. Consent signed.",),
            "done": (
                "Nd:YAG 1064 nm, spot 12 mm, {fluence} J/cm², 20 ms, contact cooling. Test spot first, no reaction after ten "
                "minutes. Full pass, endpoint: slight swelling around the follicles.",
                "Alexandrite 755 nm, spot 15 mm, {fluence} J/cm², 3 ms, air cooling. One pass, no overlaps.",
            ),
            "products": ("Device {device}, last serviced {serviced}. Coupling gel.",),
            "response": ("Redness around the follicles as expected, no blistering.", _CALM[1]),
            "aftercare": ("Cool, no heat and no sport for 24 hours, no sun for two weeks. Next session in six weeks.",),
        },
        procedure="Laser epilation", again=42, excluded=frozenset({"pregnant", "isotretinoin"}),
    ),
    Treatment(
        "needling", "Microneedling", "treatment", 10, 45, ("priya.nair", "lily.tran", "daniel.brandt"),
        ("Acne scars, session in the series", "Pores and texture", "Neck and décolleté"),
        {
            "before": _BEFORE[:3],
            "done": (
                "{numbing} Depth 1.5 mm on the cheeks, 0.5 mm on the forehead, 0.25 mm around the eyes. Three passes, "
                "pinpoint bleeding as endpoint. Rinsed with saline.",
                "{numbing} Automated pen, 12 needles, 1.0 mm, two passes on the full face. Hyaluronic serum worked in.",
            ),
            "products": ("Needle cartridge, lot {lot}, expires {expires}, discarded into the sharps box.",),
            "response": _CALM[:3],
            "aftercare": ("No make-up for 24 hours, mild cleanser only, SPF 50. Redness up to two days. Next in five weeks.",),
        },
        procedure="Microneedling of face", again=36, excluded=frozenset({"pregnant", "isotretinoin", "bleeds"}), needle=True,
    ),
    Treatment(
        "ipl", "Intense pulsed light, face", "treatment", 6, 30, _LASER,
        ("Redness of the cheeks", "Sun spots on the cheeks", "Rosacea, session 2"),
        {
            "before": ("No tan, no self-tanner. Skin type checked again. Eye shields on. Consent signed.",),
            "done": ("560 nm filter, {fluence} J/cm², double pulse 3.5 ms with 20 ms delay, one pass, both cheeks and nose. Test "
                     "spot in front of the ear first.",),
            "products": ("Device {device}, last serviced {serviced}. Chilled gel.",),
            "response": ("Vessels darker, lentigines slightly grey at the end: as wanted. No blister.",),
            "aftercare": ("Cool for the evening. The spots darken and flake within a week. SPF 50. Next in four weeks.",),
        },
        procedure="Intense pulsed light therapy of face", again=30, excluded=frozenset({"pregnant", "isotretinoin"}),
    ),
    Treatment(
        "skin check", "Skin check", "soap", 5, 30, ("tomas.iglesias", "grace.okonkwo"),
        ("Yearly skin check", "A mole that changed", "New spot on the nose"),
        {
            "subjective": ("Comes for the yearly check. No lesion of concern to the client. One uncle had melanoma at 60. {smoking}",
                           "Noticed a mole on the {side} shoulder that seems darker since summer. No bleeding, no itching.",),
            "objective": ("Fitzpatrick {skin}, about forty nevi, all regular on dermoscopy. Mole on the back 5 mm, regular network, "
                          "unchanged against the picture of last year. Seborrheic keratoses on the trunk.",
                          "Lesion {side} shoulder 6 by 5 mm, two colours, slightly irregular network at the upper edge. Rest of the "
                          "skin unremarkable, lymph nodes not enlarged.",),
            "assessment": ("Benign nevi. Photodamaged skin of moderate degree.", "Probably dysplastic nevus; melanoma unlikely, not excluded."),
            "plan": ("Sunscreen. Check again in twelve months, sooner for any change (ABCDE explained).",
                     "Excision with 2 mm margin recommended; referral sent today, with pictures. Client agrees and knows why."),
        },
        again=330,
    ),
    Treatment(
        "acne", "Acne follow-up", "soap", 6, 20, ("tomas.iglesias", "grace.okonkwo", "nadia.rahimi"),
        ("Acne, follow-up", "Rosacea, follow-up", "Retinoid review"),
        {
            "subjective": ("Fewer new spots since the last visit. Dryness in the first three weeks, better with the moisturiser. Uses "
                           "the cream five nights a week.",
                           "Flushing less often, still after wine and heat. No eye complaints. Takes the capsules as prescribed.",),
            "objective": ("Comedones on the forehead (about 15, were 40), three inflamed papules on the chin. No new scars.",
                          "Erythema of both cheeks mild, four papules, no pustules. Lids calm.",),
            "assessment": ("Acne, improving.", "Rosacea, papulopustular, well controlled."),
            "plan": ("Go on unchanged, review in eight weeks. Peels may begin then.",
                     "Reduce to every other day. Avoid triggers. Review in three months. Sunscreen every day."),
        },
        again=56,
    ),
)  # fmt: skip

REVIEW: Final = Treatment(
    "review", "Two-week review", "soap", 0, 15, _INJECTORS, ("Review after toxin", "Touch-up if needed"),
    {
        "subjective": ("Happy with the result, “softer”. No headache, no heaviness of the lids.",
                       "Feels the {side} brow sits a little higher. Otherwise pleased. Small bruise gone after five days."),
        "objective": ("Glabella 0 of 4 in movement, forehead smooth with some movement kept, brows level. No ptosis.",
                      "Residual movement of the lateral frontalis on the {side}. No ptosis, no bruise."),
        "assessment": ("Good result.", "Good result with slight asymmetry."),
        "plan": ("No touch-up. Next treatment in three to four months.",
                 "Touch-up {touch} units, lateral {side} frontalis, lot {lot}. Next treatment in three to four months."),
    },
)  # fmt: skip

CALLS: Final = (
    "Called the day after filler: slight swelling, no pain, no discoloration, warm to the touch. Reassured; knows the number.",
    "Wrote that the bruise is still there on day six. Sent a picture: yellow-green, fading. Arnica if wished; no visit needed.",
    "Asked by phone whether the gym is fine. Told: from tomorrow on. Nothing else.",
    "Rang about a cold sore coming up two days before the peel. Peel moved by two weeks, valacyclovir begun as agreed.",
    "Asks for the product and lot of the last treatment for the dentist. Read out after checking who called.",
)
"""Short free notes between visits."""

AMENDMENTS: Final = (
    ("The lot number was read from the wrong carton; the right one is {lot}. Doses are as written.",
     "Lot number written down wrongly"),
    ("Added: the client mentioned a planned dental treatment in ten days; advised to wait two weeks after filler.",
     "Left out at the time of writing"),
    ("Side corrected: the small bruise was on the right, not on the left.", "Side was mistaken, seen on the photos"),
    ("Client called the next morning: headache, gone by noon with acetaminophen. No further measure.",
     "Something the client told after signing"),
)  # fmt: skip
"""(text, reason) of amendments to signed notes."""

DRAFTS: Final = (
    {"before": "No new medication. Consent signed, photos taken.", "done": "Frontalis 8 units, glabella 18 units. Crow's feet to follow"},
    {"before": "Well. Consent signed.", "done": "Lips 0.6 ml, cannula from the corner. Check the lot before signing"},
    {"before": "Sunscreen yes. Retinoid stopped on Monday."},
    {"before": "No change.", "done": "Nd:YAG axillae, 22 J/cm²", "response": "Redness as expected."},
)  # fmt: skip
"""Treatment notes that nobody finished yet."""
