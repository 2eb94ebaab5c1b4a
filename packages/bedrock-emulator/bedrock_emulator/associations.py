"""Words that go with the words of a label: people write `bureau` where a label says `credit report`.

General vocabulary of customer service, by subject. It knows no data set; a label none of whose words are here
is judged by its own words alone.
"""

from bedrock_emulator.words import stem, stem_set

_SUBJECTS = {
    "report reporting": "bureau experian equifax transunion inquiry inquiries fcra file score inaccurate consumer",
    "collection collect": "collector agency fdcpa owe owed creditor validate validation",
    "debt": "owe owed collector fdcpa validation creditor bill",
    "mortgage": "escrow lender foreclosure refinance servicer home house property modification appraisal",
    "checking savings banking": "bank deposit overdraft atm debit branch teller withdraw check account",
    "card": "visa mastercard amex merchant purchase charge reward apr limit",
    "transfer": "wire zelle venmo paypal remittance recipient sent",
    "virtual currency crypto": "bitcoin wallet coinbase ethereum exchange coin",
    "payday": "installment lender borrow cash advance",
    "student": "college university tuition school servicer degree forgiveness",
    "vehicle car auto": "truck dealer dealership repossess repossession motor lease",
    "loan": "lender borrow borrowed installment",
    "insurance": "policy claim premium coverage insurer",
    "incorrect inaccurate wrong": "wrong inaccurate error false mistake incorrect belong",
    "improper misuse unauthorized": "permission authorize consent unauthorized privacy inquiry",
    "fraud identity theft": "stolen theft thief unauthorized scam victim fraudulent hacked identity",
    "fee fees": "charge charged interest late penalty overdraft",
    "billing invoice payment": "invoice bill charge charged refund pay paid statement overcharged",
    "shipping delivery": "package parcel carrier courier tracking arrive delivered late",
    "return refund": "refund reimburse money back return",
    "login access password": "password login locked sign reset username",
    "technical bug defect": "error crash crashes broken fail failure slow outage screen",
    "cancel cancellation close closing": "cancel closed close terminate unsubscribe",
    "service support": "representative agent hold rude call phone",
}


def _by_stem() -> dict[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    for subjects, companions in _SUBJECTS.items():
        for subject in subjects.split():
            key = stem(subject)
            table[key] = table.get(key, frozenset()) | stem_set(companions)
    return table


_COMPANIONS = _by_stem()


def companions_of(stems: frozenset[str]) -> frozenset[str]:
    """The stems that go with a label's stems, without these themselves."""
    return frozenset().union(*(_COMPANIONS.get(word, frozenset()) for word in stems)) - stems
