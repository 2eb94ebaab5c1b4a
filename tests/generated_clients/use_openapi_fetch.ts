/** Uses the types of openapi-typescript with openapi-fetch: `node use_openapi_fetch.js API_URL TOKEN`. */

import createClient from "openapi-fetch";
import type { paths } from "./generated/schema";

async function main(baseUrl: string, token: string): Promise<void> {
  const client = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });
  const submitted = await client.POST("/analyze", {
    body: { analysis: "summary", input: { text: "The lift is out of order." } },
    params: { header: { "Idempotency-Key": "openapi-fetch" } },
  });
  if (!submitted.data) throw new Error(JSON.stringify(submitted.error));
  const { id } = submitted.data;
  const poll = () => client.GET("/status/{id}", { params: { path: { id } } });
  let job = await poll();
  while (job.data?.status === "queued" || job.data?.status === "running") {
    await new Promise((resume) => setTimeout(resume, 200));
    job = await poll();
  }
  if (job.data?.status !== "succeeded" || !job.data.result) throw new Error(JSON.stringify(job.data ?? job.error));
  const page = await client.GET("/jobs", { params: { query: { analysis: "summary", limit: 5 } } });
  if (!page.data?.jobs.some((listed) => listed.id === id)) throw new Error("the job is not listed");
  console.log(id);
}

main(process.argv[2]!, process.argv[3]!);
