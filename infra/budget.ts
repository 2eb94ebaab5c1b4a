/**
 * Notifies about the account's costs before the bill arrives. AWS counts with a day's delay, and forecasts only after
 * about five weeks of data. Deploying it requires `budgets:ModifyBudget`, and for an IAM user also that the account
 * allows IAM access to billing.
 */

import { alarms, resourceName } from "../project.config";
import { alarmEmail, stage, stageName } from "./stage";

const { monthlyBudgetUSD } = stage;

if (monthlyBudgetUSD !== null) {
  new aws.budgets.Budget("Budget", {
    name: resourceName(stageName, "monthly"),
    budgetType: "COST",
    timeUnit: "MONTHLY",
    limitAmount: String(monthlyBudgetUSD),
    limitUnit: "USD",
    notifications: ["ACTUAL", "FORECASTED"].map((notificationType) => ({
      notificationType,
      comparisonOperator: "GREATER_THAN",
      threshold: alarms.budgetPercent,
      thresholdType: "PERCENTAGE",
      subscriberEmailAddresses: [alarmEmail!], // infra/settings.ts checks that it is set
    })),
  });
}
