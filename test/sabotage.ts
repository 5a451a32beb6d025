/** A planted defect (`sabotaged(name)` in the code) and the test that must notice it. */
export interface Defect {
  readonly name: string
  readonly file: string
  /** Runs only the tests whose name matches: for files that take long. */
  readonly only?: RegExp
  /** The file is a driver and no tap test: what it is started with. Red is exit code 1 after its last line of figures. */
  readonly settings?: Readonly<Record<string, string>>
  /** With it: a line of its output that says why. Red for another reason is not noticed. */
  readonly says?: RegExp
}

/** A crash run so small that one planted defect can be seen in it: who dies at these points, and nothing else happens. */
function crash(name: string, POINTS: string, says: RegExp, more: Readonly<Record<string, string>> = {}): Defect {
  const settings = { SMALL: '1', ROUNDS: '0', SEED: '1', POINTS, ...more }
  return { name, file: 'test/crash/run-crash.ts', settings, says }
}

/** A run without power so small that one planted defect can be seen in it. */
function power(name: string): Defect {
  const settings = { CUTS: '40', STARTS: '0', DOCUMENTS: '6', SEED: '1' }
  return { name, file: 'test/power/run-power.ts', settings, says: /^lost: cut \d+: / }
}

/** The same, where only what fsck finds on the rebuilt disk counts. */
function powerByFsck(name: string): Defect {
  const settings = { CUTS: '8', STARTS: '3', DOCUMENTS: '6', SEED: '1', MODEL: '0' }
  return { name, file: 'test/power/run-power.ts', settings, says: /^lost: cut \d+, started: .* fsck: content-/ }
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
  { name: 'unchecked-signature', file: 'test/attacks/tampering.test.ts', only: /signature round something else/ },
  { name: 'unchecked-sender', file: 'test/attacks/idor.test.ts', only: /open nothing/ },
  { name: 'unchecked-lease', file: 'test/flow/mailbox.test.ts', only: /under a new token/ },
  { name: 'hand-over-unrecorded', file: 'test/flow/mailbox.test.ts', only: /before the first byte/ },
  { name: 'move-without-entry', file: 'test/flow/mailbox.test.ts', only: /without a fetch/ },
  { name: 'rewritten-packet', file: 'test/flow/refusals.test.ts', only: /detached form|long inline|compose/ },
  { name: 'fresh-receipt', file: 'test/flow/repetition.test.ts', only: /byte for byte/ },
  { name: 'second-consignment', file: 'test/flow/repetition.test.ts', only: /twenty times/ },
  { name: 'unclaimed-attempt', file: 'test/flow/push.test.ts', only: /gets what was sent/ },
  { name: 'dropped-push-sweep', file: 'test/flow/push-outages.test.ts', only: /wiped mid-flight/ },
  { name: 'unaudited-action', file: 'test/flow/operations.test.ts', only: /what is held waits/ },
  { name: 'self-approval', file: 'test/flow/operations.test.ts', only: /never the one who asked/ },
  { name: 'unseen-approval', file: 'test/integration/operations.test.ts', only: /shown to nobody/ },
  { name: 'uncounted-calls', file: 'test/integration/operations.test.ts', only: /many small calls/ },
  { name: 'unopened-dispatch', file: 'test/flow/operations.test.ts', only: /the dispatch opens again/ },
  { name: 'breaker-never-opens', file: 'test/flow/push-breaker.test.ts', only: /left alone but for probes/ },
  { name: 'urgent-last', file: 'test/flow/push-order.test.ts', only: /goes before what waits/ },
  { name: 'hook-cursor-first', file: 'test/flow/hooks.test.ts', only: /is told again/ },
  { name: 'forgotten-mailbox', file: 'test/flow/push-order.test.ts', only: /what waits in its mailbox/ },
  { name: 'recall-without-mark', file: 'test/flow/business-recall.test.ts', only: /not routed yet/ },
  { name: 'foreign-recall', file: 'test/flow/business-recall.test.ts', only: /refusals are coded/ },
  { name: 'recall-of-handed-over', file: 'test/flow/business-recall.test.ts', only: /waits for 15/ },
  { name: 'notice-sent-twice', file: 'test/flow/notice-kills.test.ts', only: /before it answered/ },
  { name: 'notice-sent-twice', file: 'test/flow/notice-kills.test.ts', only: /line that breaks/ },
  { name: 'expired-without-entry', file: 'test/flow/clocks.test.ts', only: /neglect/ },
  { name: 'holiday-ignored', file: 'test/flow/clocks.test.ts', only: /D28-06/ },
  { name: 'delete-under-hold', file: 'test/flow/retention.test.ts', only: /a hold keeps content/ },
  { name: 'unlink-before-commit', file: 'test/flow/retention.test.ts', only: /a hold keeps content/ },
  { name: 'unresumed-deletion', file: 'test/flow/retention.test.ts', only: /die between any two steps/ },
  { name: 'fsck-blind-to-digest', file: 'test/integration/fsck.test.ts', only: /one planted error/ },
  { name: 'fsck-blind-to-state', file: 'test/integration/fsck.test.ts', only: /one planted error/ },
  { name: 'backup-content-first', file: 'test/flow/backup.test.ts', only: /under a new origin/ },
  { name: 'epoch-kept', file: 'test/flow/backup.test.ts', only: /under a new origin/ },
  { name: 'accept-replayed-assertion', file: 'test/attacks/token-assertion.test.ts' },
  { name: 'unsigned-parameter', file: 'test/conformance/vxp/traps.test.ts', only: /the door/ },
  { name: 'timestamp-window', file: 'test/conformance/vxp/traps.test.ts', only: /the door/ },
  { name: 'kept-line-end', file: 'test/conformance/vxp/traps.test.ts', only: /the door/ },
  crash('second-consignment', 'routing-committed', /^doubled: .* (?:which nobody sent|is known to no client)/),
  crash('ack-before-commit', 'routing-committed', /^lost: routing-committed: its message was acknowledged/, {
    QUIET: '1',
  }),
  crash('dropped-sweep', 'gateway-committed', /^stuck: dispatch ACCEPTED/),
  crash('dropped-push-sweep', 'routing-committed', /^stuck: consignment QUEUED/),
  crash('forgotten-streams', 'gateway-committed', /^stuck: /, { WIPE: '1' }),
  crash(
    'unclaimed-attempt',
    'delivery-posted',
    /^(?:doubled: attempt .* reached the receiver twice|fault: not one entry for each attempt)/,
  ),
  crash('fresh-push-id', 'delivery-posted', /^doubled: .*which nobody sent/),
  crash('answer-before-commit', 'gateway-answered', /^lost: /),
  crash('move-without-entry', 'gateway-acknowledged', /^fault: no entry: acknowledged/),
  crash('hook-cursor-first', 'receipts-read', /^lost: hook of .* never told of/),
  crash('notice-sent-twice', 'delivery-posted', /^doubled: (?:mail|sms) .* was told again/),
  power('skip-fdatasync'),
  power('skip-folder-fsync'),
  powerByFsck('skip-fdatasync'),
]
