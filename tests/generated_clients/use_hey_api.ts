/** Uses the client that @hey-api/openapi-ts generates: `node use_hey_api.js API_URL TOKEN`. */

import { analyze, jobs, status, type SummaryRequest } from "./generated/client";
import { client } from "./generated/client/client.gen";

async function main(baseUrl: string, token: string): Promise<void> {
  client.setConfig({ baseUrl, auth: () => token });
  const body: SummaryRequest = { analysis: "summary", input: { text: "The lift is out of order." } };
  const submitted = await analyze({ body, headers: { "Idempotency-Key": "hey-api" } });
  if (!submitted.data) throw new Error(JSON.stringify(submitted.error));
  const { id } = submitted.data;
  const poll = () => status({ path: { id } });
  let job = await poll();
  while (job.data?.status === "queued" || job.data?.status === "running") {
    await new Promise((resume) => setTimeout(resume, 200));
    job = await poll();
  }
  if (job.data?.status !== "succeeded" || !job.data.result) throw new Error(JSON.stringify(job.data ?? job.error));
  const page = await jobs({ query: { analysis: "summary", limit: 5 } });
  if (!page.data?.jobs.some((listed) => listed.id === id)) throw new Error("the job is not listed");
  console.log(id);
}

main(process.argv[2]!, process.argv[3]!);
