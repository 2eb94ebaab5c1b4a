"""Lines of the program, found by what messages of SST name."""

from pathlib import Path

import pytest
from stack_graph.program import named_in

CONFIG = """\
/// <reference path="./.sst/platform/config.d.ts" />
export default $config({
  app: () => ({
    home: "aws",
    version: "3.17.14",
    providers: { aws: true, random: { version: "1.2.3" } },
  }),
});
"""
TOPIC = """\
// Names as in sst.config.ts; SST 4.17.1 has no such component.
export const topic = new aws.sns.Topic("Alarms", { fifoTopic: true, kms: "alias/aws/sns" });
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "infra").mkdir()
    (tmp_path / "sst.config.ts").write_text(CONFIG)
    (tmp_path / "infra/topic.ts").write_text(TOPIC)
    return tmp_path


@pytest.mark.parametrize(
    ("message", "file", "line"),
    [
        ("✕  Setting providers.aws to true is deprecated. Specify the version instead.", "sst.config.ts", 6),
        ('✕  You specified version 1.2.3 of the "random" provider. SST needs 4.16.0.', "sst.config.ts", 6),
        ('✕  You are using v4.17.1 which does not match v3.17.14 in your "sst.config.ts".', "sst.config.ts", 5),
        ('The file "infra/topic.ts" is not valid', "infra/topic.ts", 1),
        ('Component name "Alarms" is not unique.', "infra/topic.ts", 2),
    ],
)
def test_the_line_that_a_message_names(root: Path, message: str, file: str, line: int) -> None:
    assert named_in(root, message) == (file, line)


def test_a_message_that_names_nothing_has_no_line(root: Path) -> None:
    assert named_in(root, "The deploy did not complete.") is None
