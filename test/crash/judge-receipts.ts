import type { FetchedReceipts } from '../../libs/client/index.ts'
import { EVENTS } from '../../libs/model/index.ts'
import { type EvidenceView, readEvidence, TrustStore } from '../../libs/signature/index.ts'
import { verifyReceipt } from '../../services/cli/verify/verify-receipt.ts'
import type { Random } from '../harness/seeded-random.ts'
import { inParallel } from '../harness/traffic.ts'
import type { CrashWorld } from './crash-world.ts'
import type { Party } from './parties.ts'
import type { Handover } from './read-stores.ts'

/** Dispatches whose receipts are fetched in one request. */
const AT_ONCE = 100
/** Signatures that are verified at most: a run of some hundred documents verifies all it has. */
const SAMPLE = 1_000

export interface ReceiptQuestion {
  readonly parties: readonly Party[]
  readonly handovers: readonly Handover[]
  /** Consignments that were recalled before anybody had them: their receipt says so. */
  readonly withdrawn: ReadonlySet<string>
  /** Chooses whose signatures are verified. */
  readonly random: Random
}

export interface ReceiptVerdict {
  readonly lost: readonly string[]
  readonly receipts: number
  /** Receipts whose signature was verified. */
  readonly verified: number
}

interface Claimed {
  readonly name: string
  readonly what: string
  readonly xml: Buffer
}

/**
 * Every document of the senders' stores has its submission receipt there, and each of its recipients a receipt of its end that can be
 * fetched. What each of them says is held against the store; the signatures of a sample are verified.
 */
export async function judgeReceipts(world: CrashWorld, question: ReceiptQuestion): Promise<ReceiptVerdict> {
  const { handovers, random } = question
  const lost: string[] = []
  const claimed: Claimed[] = handovers.flatMap((handover) => {
    const fault = faultOf(handover.receipt, handover, EVENTS.submissionAccepted)
    if (fault) lost.push(`${handover.name}: the receipt of its submission: ${fault}`)
    return { name: handover.name, what: 'receipt', xml: handover.receipt }
  })
  claimed.push(...(await fetchEnds(question, lost)))
  const trust = new TrustStore({ anchors: [{ certificate: world.axis.rootPem, purposes: ['axis'] }] })
  const sample = random.some(claimed, SAMPLE)
  await inParallel(sample, 4, async ({ name, what, xml }) => {
    const { verdict } = await verifyReceipt(xml, trust).catch((error: unknown) => ({ verdict: String(error) }))
    if (verdict !== 'valid') lost.push(`${name}: the ${what} does not verify: ${verdict}`)
  })
  return { lost, receipts: claimed.length, verified: sample.length }
}

/** The receipts of how each consignment ended, of all documents, as their senders fetch them. */
async function fetchEnds({ parties, handovers, withdrawn }: ReceiptQuestion, lost: string[]): Promise<Claimed[]> {
  const claimed: Claimed[] = []
  for (const { client, dir } of parties) {
    const own = handovers.filter((each) => each.store === dir)
    const pages = Array.from({ length: Math.ceil(own.length / AT_ONCE) }, (_, i) =>
      own.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
    )
    await inParallel(pages, 4, async (page) => {
      const ids = page.map(({ dispatch }) => dispatch)
      const fetched = await client.fetchReceipts(ids, [EVENTS.acknowledged, EVENTS.recalled])
      const found = new Map(fetched.map((each) => [each.dispatch, each]))
      for (const handover of page) claimed.push(...endsOf(handover, found.get(handover.dispatch), withdrawn, lost))
    })
  }
  return claimed
}

function endsOf(
  handover: Handover,
  answer: FetchedReceipts | undefined,
  withdrawn: ReadonlySet<string>,
  lost: string[],
): Claimed[] {
  const { name, recipients } = handover
  if (!answer?.ok) {
    lost.push(`${name}: accepted, but not to be asked for (${answer?.code ?? 'no answer'})`)
    return []
  }
  return recipients.flatMap(({ agency, consignment }) => {
    const event = withdrawn.has(consignment) ? EVENTS.recalled : EVENTS.acknowledged
    const own = (answer.receipts ?? []).filter((each) => each.consignment === consignment)
    const receipt = own.find((each) => each.event === event)
    if (!receipt || own.length > 1) {
      lost.push(`${name} to ${agency}: receipts ${own.map((each) => each.event).join() || 'none'} instead of ${event}`)
      return []
    }
    const xml = Buffer.from(receipt.xml)
    const fault = faultOf(xml, handover, event, consignment)
    if (fault) lost.push(`${name} to ${agency}: ${event}: ${fault}`)
    return { name: `${name} to ${agency}`, what: event, xml }
  })
}

/** What a receipt says otherwise than the sender's own store. */
function faultOf(xml: Buffer, sent: Handover, event: string, consignment?: string): string | undefined {
  let said: EvidenceView
  try {
    said = readEvidence(xml)
  } catch (error) {
    return String(error)
  }
  if (said.kind !== event) return `it is one of ${said.kind}`
  if (said.dispatchId !== sent.dispatch) return `it is about ${said.dispatchId}`
  if (said.consignmentId !== consignment) return `it is about consignment ${said.consignmentId ?? 'none'}`
  const digests = new Set<string>(said.parts.map(({ sha256 }) => sha256))
  return sent.parts.every((part) => digests.has(part)) ? undefined : 'it is about other bytes'
}
