/** The rehearsal itself could not be held; it says nothing about the app. */
export class CannotRehearse extends Error {}
