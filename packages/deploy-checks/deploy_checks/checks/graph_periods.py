"""Limits of time that AWS checks when a resource is made: windows, periods, and days until a transition."""

import re
from collections.abc import Iterator

from stack_graph.graph import Rehearsed, Resource
from stack_graph.lambdas import DATABASE

from deploy_checks.checks.graph_alarms import ALARM
from deploy_checks.finding import Finding, finding_at

DAY_M, WEEK_M = 1_440, 10_080
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
INFREQUENT = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
"""Days for which S3 keeps an object before it moves it to the class
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html)."""
LONGEST_S, LONGEST_OF_HOURS_S = 86_400, 604_800
"""Seconds that an alarm may look back: a day, and a week if its period is an hour or more (PutMetricAlarm)."""


def windows_do_not_meet(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The backups of a database end before its maintenance begins."""
    for database in rehearsed.graph.of_type(DATABASE):
        backup = _minutes(str(database.value("backupWindow") or ""))
        maintenance = _minutes(str(database.value("maintenanceWindow") or "").lower())
        if backup & maintenance:
            both = f"{database.value('backupWindow')} and {database.value('maintenanceWindow')}"
            yield finding_at(
                database,
                "windows-overlap",
                "high",
                "The deploy will fail: InvalidParameterValue: The backup window and maintenance window must not "
                f"overlap. ({database.name}: {both})",
                "Choose hours for one of them that the other has not.",
            )


def _minutes(window: str) -> set[int]:
    """The minutes of the week in ``hh:mm-hh:mm``, which is every day, or in ``ddd:hh:mm-ddd:hh:mm``."""
    daily = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", window)
    weekly = re.fullmatch(r"(\w{3}):(\d\d):(\d\d)-(\w{3}):(\d\d):(\d\d)", window)
    if daily:
        begin, end = int(daily[1]) * 60 + int(daily[2]), int(daily[3]) * 60 + int(daily[4])
        span = range(begin, end if end > begin else end + DAY_M)
        return {(day * DAY_M + minute) % WEEK_M for day in range(7) for minute in span}
    if weekly and {weekly[1], weekly[4]} <= {*DAYS}:
        begin = DAYS.index(weekly[1]) * DAY_M + int(weekly[2]) * 60 + int(weekly[3])
        end = DAYS.index(weekly[4]) * DAY_M + int(weekly[5]) * 60 + int(weekly[6])
        return {minute % WEEK_M for minute in range(begin, end if end > begin else end + WEEK_M)}
    return set()


def alarms_look_back_far_enough(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No alarm looks back for longer than CloudWatch does."""
    for alarm in rehearsed.graph.of_type(ALARM):
        period, times = alarm.number("period", 0), alarm.number("evaluationPeriods", 1)
        limit = LONGEST_OF_HOURS_S if period >= 3_600 else LONGEST_S
        if period * times > limit:
            yield finding_at(
                alarm,
                "alarm-looks-too-far",
                "high",
                f"The deploy will fail: ValidationError: {alarm.name} looks back {period * times} s, {times} "
                f"periods of {period} s, and CloudWatch takes {limit} s",
                "Use fewer or shorter periods.",
            )


def transitions_are_late_enough(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No object moves to a class for infrequent access before S3 allows it."""
    for lifecycle in rehearsed.graph.of_type(LIFECYCLE):
        for kind, days in _early(lifecycle):
            yield finding_at(
                lifecycle,
                "transition-too-early",
                "high",
                f"The deploy will fail: InvalidArgument: 'Days' in Transition action must be greater than or equal to "
                f"{INFREQUENT[kind]} for storageClass '{kind}' ({lifecycle.name} has {days})",
                f"Set days: {INFREQUENT[kind]} or more.",
            )


def _early(lifecycle: Resource) -> Iterator[tuple[str, int]]:
    for rule in lifecycle.parts("rules"):
        for transition in rule.parts("transitions"):
            kind, days = str(transition.value("storageClass")), transition.number("days", 0)
            if days < INFREQUENT.get(kind, 0):
                yield kind, days


CHECKS = (windows_do_not_meet, alarms_look_back_far_enough, transitions_are_late_enough)
