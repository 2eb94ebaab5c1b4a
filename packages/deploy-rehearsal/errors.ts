/** The rehearsal itself could not run. Nothing is known about the app. */
export class CannotRehearse extends Error {}
