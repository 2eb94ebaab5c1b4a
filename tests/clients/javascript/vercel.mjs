// Vercel's AI SDK: text, a stream, a tool, objects, embeddings.
import assert from "node:assert/strict";
import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { embed, generateText, isStepCount, Output, streamText, tool } from "ai";
import { z } from "zod";

const bedrock = createAmazonBedrock({ baseURL: process.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME });
const prompt = "The kettle leaked on the first day. It cost 49.50 dollars.";
const complaint = z.object({ price: z.number() });

for (const name of ["us.amazon.nova-lite-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"]) {
  const model = bedrock(name);
  assert.match((await generateText({ model, prompt })).text, /^The kettle leaked/);
  let streamed = "";
  for await (const part of streamText({ model, prompt }).textStream) streamed += part;
  assert.match(streamed, /^The kettle leaked/);
  const file = tool({ inputSchema: complaint, execute: async () => "Filed." });
  const called = await generateText({ model, prompt, tools: { file }, stopWhen: isStepCount(2) });
  assert.deepEqual(called.steps[0].toolCalls[0].input, { price: 49.5 });
  const object = await generateText({ model, prompt, output: Output.object({ schema: complaint }) });
  assert.deepEqual(object.output, { price: 49.5 });
  const schema = JSON.stringify(z.toJSONSchema(complaint));
  const asked = `JSON schema:\n${schema}\nYou MUST answer with a JSON object that matches the JSON schema above.`;
  const prompted = await generateText({ model, system: asked, prompt });
  assert.deepEqual(JSON.parse(prompted.text), { price: 49.5 });
}
for (const name of ["amazon.titan-embed-text-v2:0", "cohere.embed-multilingual-v3"]) {
  const { embedding } = await embed({ model: bedrock.embedding(name), value: prompt });
  assert.equal(embedding.length, 1024);
}
