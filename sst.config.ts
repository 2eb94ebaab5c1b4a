/// <reference path="./.sst/platform/config.d.ts" />

// SST allows no import up here: what is needed is imported where it is needed.
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
      types: { ignore: ["."] }, // of links, which nothing here uses: functions get an environment
    };
  },
  async run() {
    // Not in app(): SST shows no error of it but "Unexpected error occurred".
    const { faultOf } = await import("./infra/settings");
    const { missingTool } = await import("./infra/toolchain");
    const fault = faultOf($app.stage) ?? missingTool();
    if (fault) throw new Error(fault);

    await import("./infra/model"); // what can be wrong with it is better known before anything is made
    const { api, apiHandler } = await import("./infra/api");
    const { worker } = await import("./infra/worker");
    const { jobs } = await import("./infra/queue");
    const { operator } = await import("./infra/operator");
    const { results } = await import("./infra/storage");
    await import("./infra/sweeper");
    await import("./infra/monitoring");
    await import("./infra/budget");
    const functions = { ApiHandler: apiHandler.name, Worker: worker.name, Operator: operator.name };
    return { api: api.url, queue: jobs.url, bucket: results.name, operator: operator.name, functions };
  },
});
