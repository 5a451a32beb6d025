import type { BlobStore } from '../../../libs/blobs/index.ts'
import { type ScanResult, scanWhole } from '../../../libs/envelope/index.ts'
import { BusError, isBusError } from '../../../libs/errors/index.ts'
import type { Part } from '../../../libs/http/index.ts'
import { newDispatchId, type PacketForm } from '../../../libs/model/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'
import type { MaintenanceRow, SystemRow } from '../../../libs/store/index.ts'
import type { Caller } from '../auth/caller.ts'
import type { Examiner } from '../examine/open-examiner.ts'
import { type AcceptableSubmission, asAcceptable } from './acceptable-submission.ts'
import { checkAction, type TargetFinder } from './check-action.ts'
import { collectAttachments } from './check-attachments.ts'
import { checkAgainstSchema, checkPartNames, checkRules, checkSecrecy } from './check-envelope.ts'
import { checkMaintenance } from './check-maintenance.ts'
import { checkRecipients } from './check-recipients.ts'
import { checkSender } from './check-sender.ts'
import { checkSignature } from './check-signature.ts'
import { checkRepetition, type Known, type KnownSubmissions } from './find-known.ts'
import { inspectAttachments } from './inspect-attachments.ts'
import { contentHashOf, matchArrivals } from './match-arrivals.ts'
import { type PacketLimits, receiveAttachment, receivePacket, StagedParts } from './receive-parts.ts'
import type { Submission } from './submission.ts'

export interface AdmissionLimits extends PacketLimits {
  readonly maxRecipients: number
  readonly maxAttachments: number
}

export interface AdmissionOptions {
  readonly blobs: BlobStore
  readonly registry: Registry
  readonly examiner: Examiner
  readonly known: KnownSubmissions
  readonly targets: TargetFinder
  readonly limits: AdmissionLimits
  /** Whether new submissions are kept out, as of a second ago. */
  readonly maintenance: () => MaintenanceRow
}

/** What a caller hands in: one packet, or the parts of a detached one, envelope first. */
export type Incoming =
  | { readonly form: 'inline'; readonly body: AsyncIterable<Buffer> }
  | { readonly form: 'detached'; readonly parts: AsyncIterable<Part> }

export interface SubmissionRequest {
  readonly caller: Caller
  readonly system: SystemRow
  readonly idempotencyKey?: string
  /** Codes to which alone it shall go, of those the packet names; everybody unless told. */
  readonly onlyTo?: readonly string[]
  /** Whether repetition is judged by recipient: bytes that went to some of them before go to the others now. */
  readonly byRecipient?: boolean
  readonly incoming: Incoming
  /** Aborted when the caller has gone away: what waits for a turn, or works on attachments, need not go on. */
  readonly signal?: AbortSignal
}

/** `repeat`: these bytes were accepted before, as this dispatch. */
export type Admitted =
  | { readonly kind: 'new'; readonly submission: AcceptableSubmission; readonly staged: StagedParts }
  | { readonly kind: 'repeat'; readonly dispatchId: string; readonly contentHash: Buffer }

/** A refusal together with what is known of the bytes it is about, for the record. */
export interface RefusalFacts {
  sha256?: Buffer
  size?: number
}

/** Envelope checks, in order, cheap refusals first. None of them needs the attachments. */
const ENVELOPE_CHECKS: readonly ((submission: Submission, options: AdmissionOptions) => void | Promise<void>)[] = [
  checkSecrecy,
  checkAgainstSchema,
  (submission, { registry }) => checkSender(submission, registry),
  (submission, { registry }) => checkRecipients(submission, registry),
  (submission, { limits }) => checkRules(submission, limits),
  (submission, { registry, targets }) => checkAction(submission, registry, targets),
]

/** Checks of the whole, once every byte has arrived. */
const CONTENT_CHECKS: readonly ((submission: Submission, options: AdmissionOptions) => void | Promise<void>)[] = [
  (submission, { examiner }) => checkPartNames(submission, examiner),
  collectAttachments,
  inspectAttachments,
  (submission, { registry }) => checkSignature(submission, registry),
]

/**
 * Takes a submission through every check. What is staged belongs to the caller afterwards: keep and commit it, or discard it.
 * When it throws, nothing stays behind and `facts` say what is known of the bytes.
 * @throws BusError with the code of the first check that refuses
 */
export async function admitSubmission(
  request: SubmissionRequest,
  options: AdmissionOptions,
  facts: RefusalFacts,
): Promise<Admitted> {
  const staged = new StagedParts(options.blobs)
  let submission: Submission | undefined
  try {
    submission = await receiveEnvelope(request, options, staged, facts)
    const refusal = await attempt(async () => {
      for (const check of ENVELOPE_CHECKS) await check(submission as Submission, options)
    })
    // Bytes that were accepted before get their first receipt, whatever the registry or the calendar say today.
    if (refusal && !(await mayBeRepeat(submission, options))) throw refusal
    if (request.incoming.form === 'detached') await receiveRest(request.incoming.parts, staged)
    matchArrivals(submission, options.limits)
    submission.contentHash = contentHashOf(submission)
    facts.sha256 = submission.contentHash
    facts.size = submission.parts.reduce((sum, part) => sum + part.size, 0)
    const known = await options.known.find(submission)
    if (known.sameContent !== undefined) {
      checkKey(submission, known.sameKey)
      submission.opened[Symbol.dispose]()
      await staged.discard()
      return { kind: 'repeat', dispatchId: known.sameContent, contentHash: submission.contentHash }
    }
    checkMaintenance(options.maintenance())
    if (refusal) throw refusal
    leaveOutKnown(submission, known)
    for (const check of CONTENT_CHECKS) await check(submission, options)
    const { sameDocument: _, ...withoutDocument } = known
    checkRepetition(submission, submission.sentBefore ? withoutDocument : known)
    return { kind: 'new', submission: asAcceptable(submission), staged }
  } catch (error) {
    submission?.opened[Symbol.dispose]()
    await staged.discard()
    throw error
  }
}

async function receiveEnvelope(
  request: SubmissionRequest,
  options: AdmissionOptions,
  staged: StagedParts,
  facts: RefusalFacts,
): Promise<Submission> {
  const { incoming, system } = request
  const room = options.examiner.room(system.id)
  let whole: ScanResult
  try {
    const scan =
      incoming.form === 'inline'
        ? await receivePacket(incoming.body, staged, 'packet', options.limits, room)
        : await receivePacket(
            await firstPart(incoming.parts),
            staged,
            'envelope',
            { ...options.limits, maxPacketBytes: options.limits.maxSkeletonBytes },
            room,
          )
    whole = await cutUnusual(scan, request, options, staged, facts)
  } catch (error) {
    room[Symbol.dispose]()
    throw error
  }
  const tokens = whole.cuts.map(({ token }) => token)
  const opened = await options.examiner.open(whole.skeleton, tokens, room)
  return {
    dispatchId: newDispatchId(),
    caller: request.caller,
    system,
    form: incoming.form as PacketForm,
    ...(request.idempotencyKey === undefined ? {} : { idempotencyKey: request.idempotencyKey }),
    ...(request.onlyTo ? { onlyTo: request.onlyTo } : {}),
    ...(request.byRecipient ? { byRecipient: true } : {}),
    ...(request.signal ? { signal: request.signal } : {}),
    parts: staged.parts,
    scan: whole,
    opened,
    warnings: [...opened.envelope.warnings],
  }
}

/** A packet that could not be cut while it streamed in is read once more, by a process of its own. */
async function cutUnusual(
  scan: ScanResult,
  { system, signal }: SubmissionRequest,
  options: AdmissionOptions,
  staged: StagedParts,
  facts: RefusalFacts,
): Promise<ScanResult> {
  const packet = staged.parts[0]
  if (!packet) throw new BusError('LT_SUB_EMPTY')
  facts.sha256 = packet.sha256
  facts.size = packet.size
  const { unusual } = scan
  if (!unusual) return scan
  const { maxSkeletonBytes } = options.limits
  return await scanWhole(
    packet.staged.read(),
    { ...scan, unusual },
    { maxSkeletonBytes, owner: system.id, ...(signal ? { signal } : {}) },
  )
}

async function firstPart(parts: AsyncIterable<Part>): Promise<AsyncIterable<Buffer>> {
  const { done, value } = await parts[Symbol.asyncIterator]().next()
  if (done) throw new BusError('LT_SUB_EMPTY')
  return value.stream
}

/** The reader of parts goes on where the envelope ended: it is one generator. */
async function receiveRest(parts: AsyncIterable<Part>, staged: StagedParts): Promise<void> {
  for await (const part of parts) await receiveAttachment(part, staged)
}

/** Only a detached packet still has bytes to come: its attachments are read in spite of a refusal when its document is known. */
async function mayBeRepeat(submission: Submission, options: AdmissionOptions): Promise<boolean> {
  if (submission.form === 'inline') return true
  if (submission.senderCode === undefined) return false
  const known = await options.known.find({ ...submission, contentHash: Buffer.alloc(32) })
  return known.sameDocument !== undefined
}

/** Recipients that have these bytes keep what they have; the others get them now. */
function leaveOutKnown(submission: Submission, { agencies, contentKnown }: Known): void {
  if (!submission.byRecipient) return
  submission.sentBefore = contentKnown
  if (agencies.length === 0) return
  submission.recipients = submission.recipients?.filter(({ agencyCode }) => !agencies.includes(agencyCode)) ?? []
}

function checkKey(submission: Submission, sameKey: { dispatchId: string; contentHash: string } | undefined): void {
  if (sameKey) checkRepetition(submission, { sameKey })
}

async function attempt(run: () => Promise<void>): Promise<BusError | undefined> {
  try {
    await run()
    return undefined
  } catch (error) {
    if (isBusError(error)) return error
    throw error
  }
}
