import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  checkBusinessRules,
  checkSchema,
  DIALECT_PARTS,
  type Door,
  decodeBase64Strict,
  matchAttachments,
  openPacket,
  planDialect,
  unwrapAttachment,
  withEdits,
} from '../../libs/envelope/index.ts'
import { isBusError } from '../../libs/errors/index.ts'

/** What becomes of one file: the code that refuses it, or what it accepts and what it tells the sender. */
interface Accepted {
  readonly kind: 'document' | 'status'
  readonly dialect: string
  readonly to: string
  readonly warnings?: string
  /** Media type of each attachment, `*` when it was wrapped. */
  readonly files?: string
}
type Outcome = Accepted | { readonly refused: string }

const status = (to: string): Accepted => ({ kind: 'status', dialect: 'D1', to })
const three = '000.00.00.H41 000.00.00.H14 000.00.00.G17'
const zipped = 'application/xml*'

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  'd1-handmade/tltvbqn-edoc.edxml': {
    kind: 'document',
    dialect: 'D1h',
    to: '14.00.W00',
    warnings:
      'ENV_PREFIX_UNDECLARED ENV_BUSINESS_MISSING ENV_REPLY_EMPTY LT_ENV_PREFIX_UNDECLARED LT_BUS_DUE_BEFORE_ISSUE',
    files: 'application/pdf',
  },
  'd1-handmade/pvn-edoc.edxml': { refused: 'LT_ATT_BAD_BASE64' },
  'd1-handmade/truclienthong-example-edoc.edxml': { refused: 'LT_ENV_MALFORMED' },
  'd1-sdk-documents/pvn-edoc_new.edxml': { refused: 'LT_ENV_JUNK_BEFORE_PROLOG' },
  'd1-sdk-documents/pvn-edoc_replacement.edxml': { kind: 'document', dialect: 'D1', to: three, files: zipped },
  'd1-sdk-documents/pvn-edoc_revocation.edxml': { kind: 'document', dialect: 'D1', to: three, files: zipped },
  'd1-sdk-documents/pvn-edoc_update.edxml': { kind: 'document', dialect: 'D1', to: three, files: zipped },
  'd1-sdk-documents/truclienthong-example-edoc_new.edxml': {
    kind: 'document',
    dialect: 'D1',
    to: '28.22.H17',
    warnings: 'LT_BUS_DUE_BEFORE_ISSUE',
    files: zipped,
  },
  'd1-sdk-documents/tltvbqn-edoc_new.edxml': {
    kind: 'document',
    dialect: 'D1',
    to: '000.00.50.H19',
    warnings: 'LT_BUS_DUE_BEFORE_ISSUE',
    files: zipped,
  },
  'd1-sdk-documents/bkav-edoc_new.edxml': {
    kind: 'document',
    dialect: 'D1',
    to: '000.00.01.A53',
    warnings: 'ENV_DATE_FORM LT_BUS_SIGNER_MISSING',
    files: zipped,
  },
  'd1-sdk-documents/bkav-edoc_update.edxml': {
    kind: 'document',
    dialect: 'D1',
    to: '000.00.00.H53 000.00.12.H53 000.00.00.G17',
    files: zipped,
  },
  'd1-sdk-documents/dc0bdef0-c7a3-4aaf-b717-777303442973.edxml': {
    kind: 'document',
    dialect: 'D1',
    to: three,
    files: zipped,
  },
  'd1-status/status.edxml': status('000.00.00.G22'),
  'd1-status/status_acceptance_03.edxml': status('000.00.00.G22'),
  'd1-status/status_assignment_04.edxml': status('000.00.00.G22'),
  'd1-status/status_cancellation_13.edxml': status('000.00.00.H41'),
  'd1-status/status_change-acceptance_15.edxml': status('000.00.00.G22'),
  'd1-status/status_change-rejection_16.edxml': status('000.00.00.G22'),
  'd1-status/status_finish_06.edxml': status('000.00.00.G22'),
  'd1-status/status_inbox_01.edxml': status('000.00.00.G22'),
  'd1-status/status_processing_05.edxml': status('000.00.00.G22'),
  'd1-status/status_rejection_02.edxml': status('000.00.00.G22'),
  'd1-status/bkav-status_processing_05.edxml': status('000.00.00.G22'),
  'd1-status/fork-status_processing_05-Status-root.edxml': {
    kind: 'status',
    dialect: 'D6',
    to: '000.00.00.G22',
    warnings: 'ENV_STATUS_ROOT',
  },
  'redacted-production/received-2025-old-and-new-code.edxml': {
    kind: 'document',
    dialect: 'D1',
    to: 'G12 000.00.00.G12',
    warnings: 'LT_BUS_DOCUMENT_TYPE_UNKNOWN',
    files: 'application/pdf text/plain*',
  },
  'redacted-production/received-2025-single-pdf.edxml': {
    kind: 'document',
    dialect: 'D1',
    to: 'vxp.saas.03',
    warnings: 'ENV_BUSINESS_MISSING',
    files: 'application/pdf',
  },
  'd7-2803-generated/edoc-2803.edxml': { refused: 'LT_ENV_DIALECT_2803' },
  'd7-2803-generated/edoc-2803-noappendix.edxml': { refused: 'LT_ENV_DIALECT_2803' },
  'd7-2803-generated/edoc-2803-envelope-only.edxml': { refused: 'LT_ENV_DIALECT_2803' },
  'd7-2803-generated/status-2803.edxml': { refused: 'LT_ENV_DIALECT_2803' },
}

/** What only the strict door refuses. */
const STRICTLY: Readonly<Record<string, Outcome>> = {
  'd1-handmade/tltvbqn-edoc.edxml': { refused: 'LT_ENV_PREFIX_UNDECLARED' },
  'd1-handmade/pvn-edoc.edxml': { refused: 'LT_ENV_PREFIX_UNDECLARED' },
}

const NOW = new Date('2026-01-05T03:00:00Z')

async function judge(bytes: Uint8Array, door: Door): Promise<Outcome> {
  try {
    return await examine(bytes, door)
  } catch (error) {
    if (isBusError(error)) return { refused: error.code }
    throw error
  }
}

async function examine(bytes: Uint8Array, door: Door): Promise<Outcome> {
  using packet = openPacket(bytes)
  const { envelope } = packet
  const matched = matchAttachments(envelope, packet.inlineAttachments, door)
  const problems = [
    ...checkSchema(packet, door),
    ...checkBusinessRules(envelope, { now: NOW, policy: door }),
    ...matched.problems,
  ]
  const refusal = problems.find(({ severity }) => severity === 'refuse')
  if (refusal) return { refused: refusal.code }
  const files: string[] = []
  const warnings = [...envelope.warnings.map(({ code }) => code), ...problems.map(({ code }) => code)]
  for (const { entry, attachment } of matched.matches) {
    const content = decodeBase64Strict(attachment.text ?? '', entry.name)
    const label = { name: entry.name, declaredType: entry.mediaType }
    const facts = await unwrapAttachment(content, label)
    files.push(facts.mediaType + (facts.wrapped ? '*' : ''))
    warnings.push(...facts.warnings.map(({ code }) => code))
  }
  const { kind, dialect } = envelope
  return {
    kind,
    dialect,
    to: envelope.recipients.map(({ code }) => code).join(' '),
    ...(warnings.length > 0 ? { warnings: warnings.join(' ') } : {}),
    ...(files.length > 0 ? { files: files.join(' ') } : {}),
  }
}

/** The sample in the form that asks for everything, read back by the reader itself; `undefined` when it has to stay as it is. */
async function inEveryDialect(bytes: Buffer): Promise<Buffer | undefined> {
  const hop = { agency: 'TLT', at: NOW }
  const plan = await planDialect(pieces(bytes), { parts: new Set(DIALECT_PARTS), hop })
  if ('unfit' in plan) return undefined
  const written: Uint8Array[] = []
  for await (const piece of withEdits(pieces(bytes), plan.edits)) written.push(piece)
  return Buffer.concat(written)
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
}

function factsOf(bytes: Uint8Array): object {
  using packet = openPacket(bytes)
  const { dialect: _dialect, warnings: _warnings, trace, ...facts } = packet.envelope
  const hops = trace.filter(({ agency }) => agency !== 'TLT')
  return { facts, hops, files: packet.inlineAttachments }
}

const folder = process.env.LIENTHONG_CORPUS && join(process.env.LIENTHONG_CORPUS, 'samples')

t.test('packets that real document systems wrote', async (t) => {
  if (!folder || !existsSync(folder)) {
    t.comment('SKIPPED: LIENTHONG_CORPUS does not name a folder with samples/')
    t.pass('no samples to hold against')
    return
  }
  for (const [file, outcomes] of Object.entries(OUTCOMES)) {
    const bytes = readFileSync(join(folder, file))
    for (const door of ['compatible', 'native'] as const) {
      const expected = (door === 'native' && STRICTLY[file]) || outcomes
      const outcome = await judge(bytes, door)
      const said =
        'refused' in outcome ? `refused, ${outcome.refused}` : `${outcome.kind} in ${outcome.dialect} accepted`
      t.same(outcome, expected, `${file} at the ${door} door: ${said}`)
    }
  }
  for (const [file, outcome] of Object.entries(OUTCOMES)) {
    const bytes = readFileSync(join(folder, file))
    const rewritten = await inEveryDialect(bytes)
    if ('refused' in outcome && rewritten === undefined) continue
    t.ok(rewritten, `${file} can be written for readers that need more`)
    if (rewritten) t.same(factsOf(rewritten), factsOf(bytes), `${file} says the same to them`)
  }
  const present = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.edxml'))
  t.same(present.sort(), Object.keys(OUTCOMES).sort(), 'every sample is listed here with its outcome')
})
