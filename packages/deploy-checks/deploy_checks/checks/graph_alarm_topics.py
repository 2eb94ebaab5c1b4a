"""The topics of alarms: they have a recipient, and CloudWatch can encrypt its messages to them."""

from collections.abc import Iterator

from stack_graph.graph import Graph, Rehearsed, Resource, Values, listed
from stack_graph.iam import document, parsed
from stack_graph.keys import key_of

from deploy_checks.checks.graph_alarms import ALARM
from deploy_checks.finding import Finding, finding_at

TOPIC = "aws:sns/topic:Topic"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
CLOUDWATCH = "cloudwatch.amazonaws.com"
ENCRYPTS = ("kms:Decrypt", "kms:GenerateDataKey")


def alarms_reach_a_person(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Outside of development every topic of an alarm has a subscriber."""
    graph = rehearsed.graph
    subscribed = {found.value("topic") for found in graph.of_type(SUBSCRIPTION)}
    for topic in () if graph.development else _topics(graph):
        if topic.value("arn") not in subscribed:
            yield finding_at(
                topic,
                "alarms-without-recipient",
                "high",
                f"The alarms of {graph.stage} reach no one: {topic.name} has no subscriber",
                'Add new aws.sns.TopicSubscription("AlarmsEmail", { topic: topic.arn, protocol: "email", endpoint }), '
                "with the address of a person.",
            )


def topics_are_encrypted(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every topic is encrypted, with a key that the alarms' service may use."""
    graph = rehearsed.graph
    for topic in graph.of_type(TOPIC):
        key = str(topic.value("kmsMasterKeyId") or "")
        if not key:
            yield finding_at(
                topic,
                "unencrypted-topic",
                "low",
                f"{topic.name} does not encrypt its messages",
                "Set kmsMasterKeyId to a key that CloudWatch may use.",
            )
        elif refused := _refused_alarm(graph, topic, key):
            yield finding_at(
                topic,
                "topic-key-refuses-alarms",
                "critical",
                f"The alarm {refused.name} notifies no one: CloudWatch may not use the key of {topic.name}, and its "
                "messages are lost",
                f"Use a key of the stack whose policy allows {' and '.join(ENCRYPTS)} to {CLOUDWATCH} for the stage's "
                "alarms. AWS's own key, alias/aws/sns, admits no service.",
            )


def _refused_alarm(graph: Graph, topic: Resource, key_id: str) -> Resource | None:
    """The first alarm on the topic whose messages the key's policy does not let CloudWatch encrypt."""
    key = key_of(graph, key_id)
    alarms = (alarm for alarm in graph.of_type(ALARM) if topic.value("arn") in alarm.texts("alarmActions"))
    return next((alarm for alarm in alarms if key is None or not _admits(graph, key, alarm)), None)


def _admits(graph: Graph, key: Resource, alarm: Resource) -> bool:
    policy = key.raw("policy")
    context = {"aws:SourceAccount": graph.account, "aws:SourceArn": str(alarm.value("arn"))}
    of_service = [
        statement
        for data, statement in zip(document(policy), parsed(policy), strict=True)
        if statement.allow and CLOUDWATCH in listed(Values(data).part("Principal").raw("Service"))
    ]
    return all(any(one.applies(action, str(key.value("arn")), context) for one in of_service) for action in ENCRYPTS)


def _topics(graph: Graph) -> list[Resource]:
    """The topics that alarms are sent to."""
    named = {arn for alarm in graph.of_type(ALARM) for arn in alarm.texts("alarmActions")}
    return [topic for topic in graph.of_type(TOPIC) if topic.value("arn") in named]


CHECKS = (alarms_reach_a_person, topics_are_encrypted)
