"""``complaint-triage``: a consumer's complaint about a financial product in, its labels and urgency out.

The labels are those that the CFPB published from April 2017 to August 2023. Later ones split or rename
some of them ("Credit card" and "Prepaid card" were one); both lists together would give one complaint two
right answers.
"""

from typing import Literal, get_args

from pydantic import Field

from pipeline.definitions import DATA_ONLY, ModelSettings, Prompt, StrictModel, document, plain_analysis

Product = Literal[
    "Checking or savings account",
    "Credit card or prepaid card",
    "Credit reporting, credit repair services, or other personal consumer reports",
    "Debt collection",
    "Money transfer, virtual currency, or money service",
    "Mortgage",
    "Payday loan, title loan, or personal loan",
    "Student loan",
    "Vehicle loan or lease",
]
ReportIssue = Literal[
    "Credit monitoring or identity theft protection services",
    "Improper use of your report",
    "Incorrect information on your report",
    "Problem with a credit reporting company's investigation into an existing problem",
    "Problem with fraud alerts or security freezes",
    "Unable to get your credit report or credit score",
]
OtherReportIssue = Literal[
    "Identity theft protection or other monitoring services",
    "Problem with a company's investigation into an existing issue",
]
ServiceIssue = Literal[
    "Confusing or misleading advertising or marketing",
    "Confusing or missing disclosures",
    "Fraud or scam",
    "Problem with customer service",
    "Unexpected or other fees",
]
AccountIssue = Literal[
    "Closing an account",
    "Managing an account",
    "Opening an account",
    "Problem caused by your funds being low",
    "Problem with a lender or other company charging your account",
]
CreditCardIssue = Literal[
    "Advertising and marketing, including promotional offers",
    "Closing your account",
    "Fees or interest",
    "Getting a credit card",
    "Other features, terms, or problems",
    "Problem when making payments",
    "Problem with a purchase shown on your statement",
    "Struggling to pay your bill",
    "Trouble using your card",
]
PrepaidCardIssue = Literal[
    "Advertising",
    "Problem getting a card or closing an account",
    "Problem with a purchase or transfer",
    "Problem with an overdraft",
    "Problem with overdraft",
    "Trouble using the card",
    "Unexpected or other fees",
]
CollectionIssue = Literal[
    "Attempts to collect debt not owed",
    "Communication tactics",
    "Electronic communications",
    "False statements or representation",
    "Threatened to contact someone or share information improperly",
    "Took or threatened to take negative or legal action",
    "Written notification about debt",
]
TransferIssue = Literal[
    "Incorrect exchange rate",
    "Lost or stolen check",
    "Lost or stolen money order",
    "Managing, opening, or closing your mobile wallet account",
    "Money was not available when promised",
    "Other service problem",
    "Other transaction problem",
    "Overdraft, savings, or rewards features",
    "Problem adding money",
    "Trouble accessing funds in your mobile or digital wallet",
    "Unauthorized transactions or other transaction problem",
    "Wrong amount charged or received",
]
MortgageIssue = Literal[
    "Applying for a mortgage or refinancing an existing mortgage",
    "Closing on a mortgage",
    "Struggling to pay mortgage",
    "Trouble during payment process",
]
PersonalLoanIssue = Literal[
    "Can't contact lender or servicer",
    "Can't stop withdrawals from your bank account",
    "Charged fees or interest you didn't expect",
    "Credit limit changed",
    "Getting a line of credit",
    "Getting the loan",
    "Loan payment wasn't credited to your account",
    "Money was taken from your bank account on the wrong day or for the wrong amount",
    "Problem when making payments",
    "Problem with additional add-on products or services",
    "Problem with cash advance",
    "Problem with the payoff process at the end of the loan",
    "Received a loan you didn't apply for",
    "Struggling to pay your loan",
    "Vehicle was repossessed or sold the vehicle",
    "Was approved for a loan, but didn't receive the money",
]
StudentLoanIssue = Literal["Dealing with your lender or servicer", "Getting a loan", "Struggling to repay your loan"]
VehicleIssue = Literal[
    "Getting a loan or lease",
    "Managing the loan or lease",
    "Problems at the end of the loan or lease",
    "Struggling to pay your loan",
]
Issue = Literal[
    ReportIssue,
    OtherReportIssue,
    ServiceIssue,
    AccountIssue,
    CreditCardIssue,
    PrepaidCardIssue,
    CollectionIssue,
    TransferIssue,
    MortgageIssue,
    PersonalLoanIssue,
    StudentLoanIssue,
    VehicleIssue,
]


def _listed(issues: object) -> str:
    return "; ".join(get_args(issues))


SYSTEM = f"""You triage consumers' complaints about financial products for a complaints team.
{DATA_ONLY}
Rules:
- Choose the product that the complaint is about, then one of the issues listed for it; where several fit,
  the one that the customer wants solved first.
- Judge by what the complaint says happened, not by its tone, capitals or quotations of law.
- XXXX, XX/XX/XXXX and the like are redactions: never guess what they hide. Repeat no names or account
  numbers.
- Write in English, in neutral words, and add nothing that the complaint does not say.
Products, what belongs to each, and its issues:
- Checking or savings account. Deposit accounts and their debit cards. {_listed(AccountIssue)}
- Credit card or prepaid card. Credit, store and charge cards: {_listed(CreditCardIssue)}. Gift, payroll and
  prepaid cards: {_listed(PrepaidCardIssue)}
- Credit reporting, credit repair services, or other personal consumer reports. What a bureau or a
  background checker records or shares, even where the entry is a loan or a debt. {_listed(ReportIssue)}.
  Background checks and the like also: {_listed(OtherReportIssue)}. Credit repair: {_listed(ServiceIssue)}
- Debt collection. Somebody demands payment of a debt, whatever it was for. {_listed(CollectionIssue)}
- Money transfer, virtual currency, or money service. Transfers, wallets, cryptocurrency, money orders,
  cashier's and traveler's checks. {_listed(TransferIssue)}; {_listed(ServiceIssue)}
- Mortgage. Any loan on a home, with its servicing and escrow. {_listed(MortgageIssue)}
- Payday loan, title loan, or personal loan. Installment loans and lines of credit too.
  {_listed(PersonalLoanIssue)}
- Student loan. Federal and private. {_listed(StudentLoanIssue)}
- Vehicle loan or lease. To get a vehicle, not against one. {_listed(VehicleIssue)}
- Any product, where it is about a credit report: {_listed(ReportIssue)}"""


class ComplaintInput(StrictModel):
    narrative: str = Field(
        min_length=1,
        max_length=50_000,
        pattern=r"\S",
        description="The complaint in the consumer's own words.",
    )


class ComplaintTriage(StrictModel):
    product: Product = Field(
        description="What the complaint is about. A wrong entry on a credit report, or a bureau that does "
        "not correct it, is credit reporting; a demand for payment, by whoever collects, is debt "
        "collection; a quarrel with the bank, card issuer or lender about the account itself is that "
        "account, card or loan."
    )
    issue: Issue = Field(
        description="The main problem, from those listed for the product. 'Incorrect information' is a "
        "wrong entry, 'Improper use' a report pulled or shared without permission, '... "
        "investigation ...' a dispute already made and handled badly. 'Attempts to collect "
        "debt not owed' denies the debt, 'Written notification' misses its proof, 'False "
        "statements' is about its amount or nature."
    )
    urgency: Literal["low", "medium", "high", "critical"] = Field(
        description="critical: grave or irreversible harm is happening or due within days (foreclosure, "
        "eviction, repossession, fraud still going on, no money for food, housing or medicine, danger to a "
        "person). high: identity theft, unauthorized transactions or a large loss not made good, a "
        "lawsuit or garnishment threatened, or a stated deadline near. medium: money, credit or access "
        "at stake without such a deadline. low: an inconvenience, a question, or already put right. "
        "Between two, the higher."
    )
    summary: str = Field(
        min_length=1, max_length=800, pattern=r"\S", description="What happened, in one to three sentences."
    )
    customer_wants: str = Field(
        min_length=1,
        max_length=400,
        pattern=r"\S",
        description="What the customer asks for, in one sentence; 'Not stated.' if nothing is asked for.",
    )


def prompt(given: ComplaintInput) -> Prompt:
    return Prompt(SYSTEM, f"{document(given.narrative, 'complaint')}\n\nTriage the complaint above.")


ANALYSIS = plain_analysis(
    name="complaint-triage",
    description="Labels a complaint with the CFPB's product and issue, judges its urgency and sums it up.",
    input_model=ComplaintInput,
    output_model=ComplaintTriage,
    prompt=prompt,
    settings=ModelSettings(max_tokens=700),
)
