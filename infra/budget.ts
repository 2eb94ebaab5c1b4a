/**
 * Tells what the account costs before the bill does. AWS counts a day late, and foresees only after some five weeks.
 * Whoever deploys it needs `budgets:ModifyBudget`, and an IAM user the account's consent to billing access besides.
 */

import { alarms, resourceName } from "../project.config";
import { stage, stageName } from "./stage";

const { alarmEmail, monthlyBudgetUSD } = stage;

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
      subscriberEmailAddresses: [alarmEmail!], // infra/settings.ts sees that there is one
    })),
  });
}
