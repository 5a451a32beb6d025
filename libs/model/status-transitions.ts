import type { StatusCode } from './status-codes.ts'

/** Codes that say how far the receiver has come; 13, 15 and 16 speak about requests and change none of them. */
export type ProgressCode = Exclude<StatusCode, '13' | '15' | '16'>

/**
 * What a receiver may say next about a document (QCVN 102:2016 names the codes and no order; this is the order observed, Decision
 * 28/2018 article 9). `delivered`: nothing was said yet. What is not listed is kept and flagged, never dropped: real systems
 * leave steps out.
 */
export const STATUS_TRANSITIONS: Readonly<Record<'delivered' | ProgressCode, readonly ProgressCode[]>> = {
  delivered: ['01'],
  '01': ['02', '03'],
  '02': [],
  '03': ['04', '05', '06'],
  '04': ['05', '06'],
  '05': ['05', '06'],
  '06': [],
}

/** Codes after which nothing more is expected: a later one is flagged and does not change what stands. */
const TERMINAL: readonly ProgressCode[] = ['02', '06']

/** States in which a take-back, recall, update or replacement has something to be about: all but a refused document. */
export const mayBePending = (code: ProgressCode | undefined): boolean => code !== '02'

/** One status report as the fold takes it. */
export interface ReportFact {
  /** The status dispatch. */
  readonly id: string
  readonly code: StatusCode
  /** `yyyy/MM/dd HH:mm:ss`, Asia/Ho_Chi_Minh, as the reporter wrote it; it orders reports where it is given. */
  readonly statedAt?: string
  /** When the axis took it up: orders what has no better time. */
  readonly reportedAt: Date
}

/** A recall, update, replacement, removal or take-back that concerns one consignment. */
export interface RequestFact {
  readonly action: 'recall' | 'update' | 'replace' | 'remove'
  readonly outcome: 'withdrawn' | 'pending' | 'agreed' | 'declined' | 'superseded' | 'void'
  readonly openedAt: Date
  readonly settledAt?: Date
  /** The status dispatch that answered it. */
  readonly answerId?: string
}

export interface BusinessState {
  /** Absent: the receiver has said nothing yet. */
  readonly code?: ProgressCode
  readonly since?: Date
  /** Something was said that does not follow from what was said before. */
  readonly flagged: boolean
  /** What the sender asked for and the receiver has not answered (status 15 or 16); the newest of several. */
  readonly pending?: RequestFact['action']
  /** What became of the document: the last request that was agreed to, or took effect at once. */
  readonly done?: 'recalled' | 'updated' | 'replaced'
  /** Ids of reports that do not follow, or answer nothing. */
  readonly flaggedReports: ReadonlySet<string>
  /** Ids of reports that say again what was said: same code, same time. */
  readonly repeatedReports: ReadonlySet<string>
}

const DONE = { recall: 'recalled', remove: 'recalled', update: 'updated', replace: 'replaced' } as const

/**
 * Where a consignment stands in business, from everything that was said about it: ordered by the packets' own times, then by arrival,
 * so that the order in which packets reached the axis does not matter. Repeats change nothing.
 * @param reports in the order of arrival
 * @param refusedAt when the receiver refused it natively: the same statement as status 02
 */
export function foldBusiness(
  reports: readonly ReportFact[],
  requests: readonly RequestFact[],
  refusedAt?: Date,
): BusinessState {
  const flaggedReports = new Set<string>()
  const repeatedReports = new Set<string>()
  const seen = new Set<string>()
  const answers = new Set(requests.flatMap(({ answerId }) => answerId ?? []))
  let [code, since]: [ProgressCode | undefined, Date | undefined] = [undefined, undefined]
  for (const report of reports.toSorted((a, b) => timeOf(a).getTime() - timeOf(b).getTime())) {
    const same = `${report.code} ${report.statedAt ?? report.id}`
    if (seen.has(same)) {
      repeatedReports.add(report.id)
      continue
    }
    seen.add(same)
    if (report.code === '15' || report.code === '16') {
      if (!answers.has(report.id)) flaggedReports.add(report.id)
      continue
    }
    if (report.code === '13') continue
    if (!STATUS_TRANSITIONS[code ?? 'delivered'].includes(report.code)) flaggedReports.add(report.id)
    if (code !== undefined && TERMINAL.includes(code)) continue
    code = report.code
    since = timeOf(report)
  }
  if (refusedAt && code !== '02') [code, since] = ['02', refusedAt]
  const pending = newest(requests, ({ outcome }) => outcome === 'pending')
  const done = newest(requests, ({ outcome }) => outcome === 'agreed' || outcome === 'withdrawn')
  return {
    ...(code === undefined ? {} : { code }),
    ...(since === undefined ? {} : { since }),
    flagged: flaggedReports.size > 0,
    ...(pending ? { pending: pending.action } : {}),
    ...(done ? { done: DONE[done.action] } : {}),
    flaggedReports,
    repeatedReports,
  }
}

function newest(requests: readonly RequestFact[], wanted: (request: RequestFact) => boolean): RequestFact | undefined {
  return requests
    .filter(wanted)
    .toSorted((a, b) => (a.settledAt ?? a.openedAt).getTime() - (b.settledAt ?? b.openedAt).getTime())
    .at(-1)
}

const STATED = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d)$/

/** The reporter's own time where it can be read, otherwise that of arrival. */
function timeOf({ statedAt, reportedAt }: ReportFact): Date {
  const [, year, month, day, clock] = STATED.exec(statedAt ?? '') ?? []
  const stated = new Date(`${year}-${month}-${day}T${clock}+07:00`)
  return Number.isNaN(stated.getTime()) ? reportedAt : stated
}
