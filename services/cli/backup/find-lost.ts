import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isBusError } from '../../../libs/errors/index.ts'
import { EVENTS } from '../../../libs/model/index.ts'
import type { EvidenceView, TrustStore } from '../../../libs/signature/index.ts'
import { findKnownEvidence, type Queryable } from '../../../libs/store/index.ts'
import { verifyReceipt } from '../verify/verify-receipt.ts'

/** What a good receipt names and the axis no longer has. */
export interface LostEvidence {
  readonly file: string
  readonly dispatch: string
  readonly entry: string | null
  readonly origin: string
  readonly event: string
  readonly eventTime: string
  readonly agency: string
  readonly system: string
  readonly number: string
  readonly notation: string
  readonly documentId: string
  readonly consignment: string | null
  /** `dispatch`: the document itself is gone; `entry`: it is there, what happened to it is not. */
  readonly lost: 'dispatch' | 'entry'
  /** `resend`: its sender sends the same bytes again; `receiver`: who received it is asked again; `axis`: nobody else acts. */
  readonly remedy: 'resend' | 'receiver' | 'axis'
}

export interface DrillReport {
  /** Receipts whose signature is good. */
  readonly good: number
  readonly dispatches: number
  readonly lost: readonly LostEvidence[]
  /** Files that prove nothing. */
  readonly unproved: readonly { readonly file: string; readonly verdict: string; readonly reason: string }[]
}

const PAGE = 200
const MOVED_BY_RECEIVER: ReadonlySet<string> = new Set([EVENTS.handedOver, EVENTS.acknowledged, EVENTS.refused])

/**
 * Holds the receipts of clients (XML files below `folder`) against a database: each one that is good says what once was promised, and
 * what the database has not is lost. Receipts that are not good are told and prove nothing.
 */
export async function findLost(
  database: Queryable,
  folder: string,
  trust: TrustStore,
  onProgress: (files: number) => void,
): Promise<DrillReport> {
  const lost: LostEvidence[] = []
  const unproved: { file: string; verdict: string; reason: string }[] = []
  const dispatches = new Set<string>()
  let [good, read] = [0, 0]
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.xml')).sort()
  for (let at = 0; at < names.length; at += PAGE) {
    const page: { file: string; evidence: EvidenceView }[] = []
    for (const name of names.slice(at, at + PAGE)) {
      const file = join(folder, name)
      const found = await judge(file, trust)
      if ('evidence' in found) page.push({ file, evidence: found.evidence })
      else unproved.push({ file, ...found })
      onProgress(++read)
    }
    good += page.length
    for (const { evidence } of page) dispatches.add(evidence.dispatchId)
    const known = await findKnownEvidence(
      database,
      page.map(({ evidence: { dispatchId, entryId, consignmentId } }) => ({
        dispatch: dispatchId,
        entry: entryId ?? null,
        consignment: consignmentId ?? null,
      })),
    )
    for (const [i, { file, evidence }] of page.entries()) {
      const there = known[i]
      if (!there?.dispatch || !there.entry || !there.consignment)
        lost.push(describe(file, evidence, there?.dispatch === true))
    }
  }
  return { good, dispatches: dispatches.size, lost, unproved }
}

async function judge(
  file: string,
  trust: TrustStore,
): Promise<{ evidence: EvidenceView } | { verdict: string; reason: string }> {
  try {
    const { verdict, reason = '', evidence } = await verifyReceipt(await readFile(file), trust)
    return verdict === 'valid' ? { evidence } : { verdict, reason }
  } catch (error) {
    if (!isBusError(error)) throw error
    return { verdict: 'unreadable', reason: error.code }
  }
}

function describe(file: string, evidence: EvidenceView, dispatchThere: boolean): LostEvidence {
  const { kind, eventTime, origin, sender, document, dispatchId, entryId, consignmentId } = evidence
  return {
    file,
    dispatch: dispatchId,
    entry: entryId ?? null,
    origin,
    event: kind,
    eventTime,
    agency: sender.agency,
    system: sender.system,
    number: document.number,
    notation: document.notation,
    documentId: document.documentId,
    consignment: consignmentId ?? null,
    lost: dispatchThere ? 'entry' : 'dispatch',
    remedy: dispatchThere ? (MOVED_BY_RECEIVER.has(kind) ? 'receiver' : 'axis') : 'resend',
  }
}
