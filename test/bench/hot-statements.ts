import {
  acceptDispatches,
  beginDeletion,
  claimAttempts,
  classifyContent,
  closeDispatches,
  endAttempts,
  endDeletion,
  eraseContent,
  findBegunDeletions,
  findConsignments,
  findDangling,
  findDispatch,
  findDispatchesToRoute,
  findDueContent,
  findEntry,
  findKnownSubmissions,
  findLatePushes,
  findLateRouting,
  findOverdueAttempts,
  findSenders,
  findStuck,
  findSubmission,
  findWaitingPushes,
  hasFreeConsignment,
  holdContent,
  leaseWaiting,
  listConsignments,
  listDispatchIds,
  listHeldContent,
  listMailbox,
  listParts,
  listThread,
  moveConsignments,
  nextLeaseEndMs,
  type Queryable,
  readBundles,
  readEntryPage,
  readLeafPage,
  readLog,
  readPartBytes,
  readReceiptFacts,
  routeDispatches,
  takeDueDispatches,
  takeDuePushes,
} from '../../libs/store/index.ts'

export type StatementRole = 'gateway' | 'routing' | 'delivery' | 'receipts' | 'cli'
export interface HotStatement {
  readonly role: StatementRole
  readonly run: (database: Queryable) => Promise<unknown>
}

/** What the statements are asked about. */
export interface Subjects {
  /** The newest dispatch, twenty newest ones, one of long ago, and one whose content is due. */
  readonly dispatch: string
  readonly newest: readonly string[]
  readonly old: string
  readonly due: string
  readonly consignment: string
  readonly agencies: readonly string[]
  readonly floor: string
  readonly logEnd: number
}

/** Every statement that runs often, or over everything, with the role that runs it. */
export function hotStatements(of: Subjects): Readonly<Record<string, HotStatement>> {
  const { dispatch, newest, old, due, consignment, agencies, floor, logEnd } = of
  const at = new Date().toISOString()
  const move = { id: consignment, version: 4, at }
  const nothing = {
    http_status: null,
    code: null,
    answer: null,
    retry_ms: null,
    sweep_ms: null,
    reason: null,
    text: null,
  }
  const leased = {
    state: 'HANDED_OVER',
    lease_token: null,
    lease_seconds: null,
    lease_system: null,
    refusal_reason: null,
  }
  const gateway: Record<string, HotStatement['run']> = {
    'accept (nothing)': (d) =>
      acceptDispatches(d, { dispatches: [], contents: [], receipts: [], entries: [], bytes: Buffer.alloc(0) }),
    'known submissions': (d) => findKnownSubmissions(d, []),
    'submission by id': (d) => findSubmission(d, dispatch),
    'dispatch by id': (d) => findDispatch(d, dispatch),
    'dispatch by id, of long ago': (d) => findDispatch(d, old),
    'senders of twenty': (d) => findSenders(d, newest),
    'consignments of a dispatch': (d) => listConsignments(d, dispatch),
    'consignments of an old dispatch': (d) => listConsignments(d, old),
    'consignments by id': (d) => findConsignments(d, [consignment]),
    'facts of a dispatch': (d) =>
      readReceiptFacts(d, { dispatchId: dispatch, events: ['ConsignmentAcceptance'], limit: 500 }),
    'thread of a dispatch': (d) =>
      listThread(d, { id: dispatch, sender_code: 'G1', document_id: 'x', number: '1', notation: 'A' }, ['A1']),
    'parts of a dispatch': (d) => listParts(d, dispatch),
    'bytes of a part': (d) => readPartBytes(d, dispatch, 0),
    'entry by id': (d) => findEntry(d, consignment),
    'page of ten mailboxes': (d) => listMailbox(d, agencies, { floor, limit: 50 }),
    'is anything free': (d) => hasFreeConsignment(d, agencies, { floor }),
    lease: (d) => leaseWaiting(d, agencies, { floor, wanted: 20, reach: 20, seconds: 60, systemId: dispatch }),
    'next lease end': (d) => nextLeaseEndMs(d, agencies, { floor }),
    move: (d) => moveConsignments(d, [{ ...move, ...leased, refusal_text: null, handed_over: true, ended: false }], []),
    'content that is due': (d) => findDueContent(d, 200),
    'begun deletions': (d) => findBegunDeletions(d, 200),
    'classes to be given': (d) => classifyContent(d),
    'begin a deletion': (d) => beginDeletion(d, due, { signature: null, namespaces: {}, chain: '' }),
    'empty rows': (d) => eraseContent(d, due),
    'end a deletion': (d) => endDeletion(d, due, []),
  }
  const others: Readonly<Record<string, HotStatement>> = {
    'dispatches to route': { role: 'routing', run: (d) => findDispatchesToRoute(d, newest) },
    route: {
      role: 'routing',
      run: (d) =>
        routeDispatches(d, { moves: [{ id: dispatch, version: 1, at }], consignments: [], statuses: [], entries: [] }),
    },
    'due dispatches': { role: 'routing', run: (d) => takeDueDispatches(d, 500, ['urgent', 'normal']) },
    'waiting pushes by id': { role: 'delivery', run: (d) => findWaitingPushes(d, [consignment]) },
    'due pushes': { role: 'delivery', run: (d) => takeDuePushes(d, 500, 1000) },
    'overdue attempts': { role: 'delivery', run: (d) => findOverdueAttempts(d, 500) },
    'claim an attempt': {
      role: 'delivery',
      run: (d) => claimAttempts(d, [{ ...move, attempt: 1, deadline_ms: 1000 }], []),
    },
    'end an attempt': {
      role: 'delivery',
      run: (d) =>
        endAttempts(d, [{ ...move, ...nothing, outcome: 'delivered', duration_ms: 1, state: 'ACKNOWLEDGED' }], []),
    },
    'step of the log': { role: 'receipts', run: (d) => readLog(d, { epoch: 0, index: logEnd - 500 }, 500) },
    close: {
      role: 'receipts',
      run: (d) => closeDispatches(d, { ids: [dispatch], at, entries: [], reader: 'r', next: { epoch: 0, index: 0 } }),
    },
    stuck: {
      role: 'cli',
      run: (d) => findStuck(d as never, { moveSeconds: 60, overdueHours: 24, deadDays: 7, limit: 100 }),
    },
    'hold content': { role: 'cli', run: (d) => holdContent(d, { id: due, hold: true, reason: 'x' }, []) },
    'held content': { role: 'cli', run: (d) => listHeldContent(d, 100) },
    'fsck: page of ids': {
      role: 'cli',
      run: (d) => listDispatchIds(d, { after: old, before: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }, 200),
    },
    'fsck: bundles of twenty': { role: 'cli', run: (d) => readBundles(d, newest, true) },
    'fsck: page of entries': {
      role: 'cli',
      run: (d) => readEntryPage(d, { after: old, before: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }, 1000),
    },
    'fsck: page of the log': { role: 'cli', run: (d) => readLeafPage(d, { epoch: 0, index: 1_000_000 }, 5000) },
    'fsck: page of references': {
      role: 'cli',
      run: (d) => findDangling(d, 'consignment', { after: old, floor: old }, 5000),
    },
    'fsck: page of content references': {
      role: 'cli',
      run: (d) => findDangling(d, 'content', { after: old, floor: old }, 5000),
    },
    'fsck: page of submissions': {
      role: 'cli',
      run: (d) => findDangling(d, 'submission_recipient', { after: old, floor: old }, 5000),
    },
    'fsck: late routing': { role: 'cli', run: (d) => findLateRouting(d, 300, 5000) },
    'fsck: late pushes': { role: 'cli', run: (d) => findLatePushes(d, 300, 5000) },
  }
  return {
    ...Object.fromEntries(Object.entries(gateway).map(([name, run]) => [name, { role: 'gateway' as const, run }])),
    ...others,
  }
}
