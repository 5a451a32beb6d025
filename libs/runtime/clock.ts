/** Where time comes from: injected, so that tests can set it. Leases and deadlines use the database clock instead. */
export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }
