/** The stage of this deploy. */

import { settingsOf } from "./settings";

export const stageName = $app.stage;

export const stage = settingsOf(stageName);

export const accountId = aws.getCallerIdentityOutput({}).accountId;
