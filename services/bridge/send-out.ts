import { ClientError, type EndedItem } from '../../libs/client/index.ts'
import { BusError } from '../../libs/errors/index.ts'
import { crashPoint } from '../../libs/runtime/index.ts'
import type { Bridge } from './bridge.ts'
import { findSent } from './find-sent.ts'
import { upstreamRefusal, wasNeverSent } from './judge-failure.ts'
import { keepPacket } from './keep-packet.ts'
import type { Lot, OutwardBatch, Recipient } from './outward-batch.ts'
import type { SentIds } from './sent-ids.ts'

/** What our axis answers where a consignment needs no end of ours any more. */
const OVER = new Set(['LT_BOX_LATE', 'LT_BOX_ALREADY_ENDED', 'LT_BOX_NOT_FOUND'])

/**
 * Brings one leased packet to the other axis, to exactly the recipients whose consignments were leased, and ends these only when the other
 * axis answered with an id, or with a coded no. After an unknown outcome its list of sent packets is searched before anything is sent
 * again. What is left where a lease was lost stays recorded, and comes again. @throws what cannot be done now
 */
export async function sendOut(bridge: Bridge, name: string, batch: OutwardBatch, sent: SentIds): Promise<void> {
  const { state } = bridge
  let current = batch
  const save = async (changes: Partial<OutwardBatch>): Promise<void> => {
    current = { ...current, ...changes }
    await state.write('out', name, current)
  }
  for (let someone = firstOf(current); someone && !current.packet; someone = firstOf(current)) {
    try {
      await save({ packet: await keepPacket(bridge, name, someone) })
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      if (error.code === 'LT_BOX_LEASE_LOST') return
      if (!OVER.has(error.code)) throw error
      await save({ lots: without(current.lots, someone) })
    }
  }
  for (let [lot, ...others] = current.lots; lot; [lot, ...others] = current.lots) {
    if (lot.docId === undefined && lot.refused === undefined) {
      const replace = (lots: readonly Lot[]): Promise<void> => save({ lots: [...lots, ...others] })
      await deliver(bridge, name, current, lot, sent, replace)
      continue
    }
    if (lot.docId !== undefined) await sent.add(lot.docId)
    const left = await endAll(bridge, lot)
    if (left.length > 0) {
      await save({ lots: [{ ...lot, recipients: left }, ...others] })
      return
    }
    await save({ lots: others })
  }
  await state.remove('out', name)
}

const firstOf = ({ lots }: OutwardBatch): Recipient | undefined => lots[0]?.recipients[0]

const without = (lots: readonly Lot[], gone: Recipient): Lot[] =>
  lots
    .map((lot) => ({ ...lot, recipients: lot.recipients.filter((each) => each !== gone) }))
    .filter(({ recipients }) => recipients.length > 0)

/** One call; `replace` puts down what became of the lot before anything is done about it. */
async function deliver(
  bridge: Bridge,
  name: string,
  batch: OutwardBatch,
  lot: Lot,
  sent: SentIds,
  replace: (lots: readonly Lot[]) => Promise<void>,
): Promise<void> {
  const { upstream, state, signal, log } = bridge
  const { recipients } = lot
  if (lot.attemptAt !== undefined) {
    // What broke off on our side may still be on its way on the other.
    if (Date.now() - Date.parse(lot.triedAt ?? lot.attemptAt) < bridge.unknownOutcomeMs)
      throw new BusError('LT_VXP_NOT_NOW', { code: '-', text: 'unknown outcome' })
    const found = await findSent(bridge, batch, lot, sent)
    if (found === 'unclear') {
      log.error({ dispatchId: batch.dispatch }, 'nobody can tell whether the other axis has it: not sent again')
      throw new BusError('LT_VXP_UNREADABLE', { reason: 'getSentEdocList' })
    }
    if (found !== 'not-sent') {
      log.info({ dispatchId: batch.dispatch, docId: found.docId }, 'the other axis has it already')
      return replace([{ recipients, docId: found.docId }])
    }
  }
  const packet = batch.packet as NonNullable<OutwardBatch['packet']>
  // A first call that fails before a byte was sent leaves nothing to search for; a later one does not undo what was unknown before.
  const now = new Date().toISOString()
  await replace([{ recipients, attemptAt: lot.attemptAt ?? now, triedAt: now }])
  try {
    const docId = await upstream.sendPacket(
      {
        file: state.packetFile('out', name),
        size: packet.size,
        sha256: Buffer.from(packet.sha256, 'hex'),
        kind: batch.kind,
        from: batch.sender,
        to: recipients.map(({ code }) => code),
      },
      { signal },
    )
    crashPoint('bridge-sent')
    log.info({ dispatchId: batch.dispatch, docId, recipients: recipients.length }, 'sent to the other axis')
    await replace([{ recipients, docId }])
  } catch (error) {
    const refused = upstreamRefusal(error)
    if (refused) {
      log.warn({ dispatchId: batch.dispatch, code: refused.code, reason: refused.text }, 'the other axis refuses')
      // One receiver it does not know must not keep the others from it.
      return replace(
        recipients.length > 1 ? recipients.map((each) => ({ recipients: [each] })) : [{ recipients, refused }],
      )
    }
    if (wasNeverSent(error) && lot.attemptAt === undefined) await replace([{ recipients }])
    throw error
  }
}

/** Acknowledges, or refuses, to our axis. Answers those whose lease was lost: they come again, under a new one. */
async function endAll({ axis, log }: Bridge, { recipients, refused }: Lot): Promise<Lot['recipients']> {
  const items = recipients.map(({ consignment, lease }) => ({ consignment, lease }))
  const ended = refused
    ? await axis.refuse(
        items.map((item) => ({
          ...item,
          reason: 'other' as const,
          text: `Trục kia từ chối, mã ${refused.code}: ${refused.text}`,
        })),
      )
    : await axis.acknowledge(items)
  crashPoint('bridge-ended')
  const byId = new Map<string, EndedItem>(ended.map((item) => [item.consignment, item]))
  return recipients.filter(({ consignment }) => {
    const item = byId.get(consignment)
    if (item?.ok) return false
    const over = item?.code !== undefined && OVER.has(item.code)
    log.warn({ consignmentId: consignment, code: item?.code, over }, 'our axis does not take the end of a consignment')
    return !over
  })
}
