/// <reference path="./.sst/platform/config.d.ts" />

// SST allows no top-level imports in this file: each function imports the modules that it uses.
export default $config({
  async app(input) {
    const { project } = await import("./project.config");
    const { allowedAccountIds, settingsOf } = await import("./infra/settings");
    const { protect, region, removal } = settingsOf(input.stage);
    return {
      name: project,
      home: "aws",
      protect,
      removal,
      providers: { aws: { region, allowedAccountIds: allowedAccountIds(input.stage) }, random: "4.16.6" },
      types: { ignore: ["."] }, // no types for links: functions read their environment, and nothing is linked
    };
  },
  async run() {
    // Not in app(): SST reports its errors only as "Unexpected error occurred".
    const { stageProblem } = await import("./infra/settings");
    const { missingTool } = await import("./infra/toolchain");
    const problem = stageProblem($app.stage) ?? missingTool();
    if (problem) throw new Error(problem);

    await import("./infra/models"); // first: it refuses an invalid configuration before any resource is created
    const { api } = await import("./infra/api");
    const { apiHandler } = await import("./infra/jobs/api");
    const { worker } = await import("./infra/jobs/worker");
    const { jobQueue } = await import("./infra/jobs/queue");
    const { operator } = await import("./infra/jobs/operator");
    const { results } = await import("./infra/jobs/results");
    await import("./infra/jobs/sweeper");
    await import("./infra/flow_logs");
    await import("./infra/monitoring");
    await import("./infra/jobs/alarms");
    await import("./infra/budget");
    const functions = { ApiHandler: apiHandler.name, Worker: worker.name, Operator: operator.name };
    return { api: api.url, queue: jobQueue.url, bucket: results.name, operator: operator.name, functions };
  },
});
