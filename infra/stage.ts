/** The stage of this deploy. */

import { alarmEmailOf, settingsOf } from "./settings";

export const stageName = $app.stage;

export const stage = settingsOf(stageName);

/** The recipient of the stage's alarms; undefined: none. */
export const alarmEmail = alarmEmailOf(stageName);

export const accountId = aws.getCallerIdentityOutput({}).accountId;
