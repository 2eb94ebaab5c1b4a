# /// script
# requires-python = "==3.12.*"
# dependencies = ["crewai[bedrock]==1.15.30"]
# ///
"""CrewAI: a task of one agent, and a call with a response model."""

import os

os.environ["CREWAI_DISABLE_TELEMETRY"] = "true"
os.environ["OTEL_SDK_DISABLED"] = "true"

from crewai import LLM, Agent, Crew, Task

COMPLAINT = "The kettle leaked on the first day. It cost 49.50 dollars."

for name in ("us.amazon.nova-lite-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"):
    llm = LLM(model=f"bedrock/{name}")
    assert "kettle" in str(llm.call(COMPLAINT))
    agent = Agent(role="clerk", goal="Handle complaints.", backstory="You are kind.", llm=llm)
    task = Task(description=COMPLAINT, expected_output="A summary.", agent=agent)
    assert str(Crew(agents=[agent], tasks=[task]).kickoff())
