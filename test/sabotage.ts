/** A planted defect (`sabotaged(name)` in the code) and the test that must notice it. */
export interface Defect {
  readonly name: string
  readonly file: string
  /** Runs only the tests whose name matches: for files that take long. */
  readonly only?: RegExp
}

/** Every promise has at least one defect here that breaks it. */
export const DEFECTS: readonly Defect[] = [
  { name: 'dropped-sweep', file: 'test/flow/outages.test.ts', only: /NATS wiped/ },
  { name: 'forgotten-streams', file: 'test/flow/outages.test.ts', only: /NATS wiped/ },
  { name: 'second-consignment', file: 'test/flow/outages.test.ts', only: /NATS wiped/ },
  { name: 'answer-before-commit', file: 'test/flow/concurrency.test.ts', only: /cut before COMMIT/ },
  { name: 'unrecovered-outcome', file: 'test/flow/concurrency.test.ts', only: /cut after COMMIT/ },
  { name: 'whole-batch-refused', file: 'test/flow/concurrency.test.ts', only: /among 99 good ones/ },
  { name: 'skip-fdatasync', file: 'test/flow/durability-order.test.ts', only: /content on disk/ },
  { name: 'skip-folder-fsync', file: 'test/flow/durability-order.test.ts', only: /content on disk/ },
  { name: 'unchecked-durability', file: 'test/flow/durability-order.test.ts', only: /no service starts/ },
  { name: 'unchecked-clock', file: 'test/flow/durability-order.test.ts', only: /clock/ },
  { name: 'buffered-upload', file: 'test/flow/memory.test.ts', only: /inline attachment/ },
  { name: 'buffered-upload', file: 'test/flow/memory.test.ts', only: /detached attachment/ },
  { name: 'unclaimed-attempt', file: 'test/flow/push.test.ts', only: /gets what was sent/ },
  { name: 'dropped-push-sweep', file: 'test/flow/push.test.ts', only: /wiped mid-flight/ },
]
