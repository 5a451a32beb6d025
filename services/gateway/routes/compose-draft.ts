import type { PacketDraft, StatusDraft } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import { STATUS_CODES } from '../../../libs/model/index.ts'
import { compileSchema, type TProperties, Type } from '../../../libs/schema/index.ts'

const text = (maxLength: number) => Type.String({ maxLength })
const strict = <P extends TProperties>(properties: P) => Type.Object(properties, { additionalProperties: false })
const date = Type.String({ format: 'date' })

const party = strict({
  code: text(64),
  name: Type.Optional(text(500)),
  inCharge: Type.Optional(text(500)),
  address: Type.Optional(text(500)),
  email: Type.Optional(text(100)),
  telephone: Type.Optional(text(50)),
  fax: Type.Optional(text(50)),
  website: Type.Optional(text(100)),
})
const link = strict({
  agency: text(64),
  code: text(200),
  documentId: Type.Optional(text(500)),
  promulgationDate: Type.Optional(date),
})

/** Facts of a document, in our words; see `Envelope`. */
export const documentDraft = strict({
  kind: Type.Literal('document'),
  form: Type.Optional(Type.Enum(['detached', 'inline'])),
  sender: party,
  recipients: Type.Array(party, { minItems: 1, maxItems: 10_000 }),
  documentId: text(500),
  number: text(50),
  notation: text(100),
  subject: text(4000),
  place: Type.Optional(text(200)),
  promulgationDate: Type.Optional(date),
  documentType: Type.Optional(
    strict({ type: Type.Optional(text(10)), detail: Type.Optional(text(10)), name: Type.Optional(text(200)) }),
  ),
  content: Type.Optional(text(4000)),
  signer: Type.Optional(
    strict({
      competence: Type.Optional(text(100)),
      position: Type.Optional(text(200)),
      fullName: Type.Optional(text(200)),
    }),
  ),
  dueDate: Type.Optional(date),
  toPlaces: Type.Optional(Type.Array(text(1000), { maxItems: 1000 })),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 4 })),
  steeringType: Type.Optional(text(10)),
  taskCode: Type.Optional(text(200)),
  applicationType: Type.Optional(text(200)),
  replies: Type.Optional(Type.Array(link, { maxItems: 100 })),
  business: Type.Optional(
    strict({
      type: Type.Enum(['new', 'recall', 'update', 'replace']),
      reason: Type.Optional(text(2000)),
      paper: Type.Boolean(),
      targetDocumentId: Type.Optional(text(500)),
      changesDocument: Type.Optional(Type.Boolean()),
      changesReceivers: Type.Optional(Type.Boolean()),
      receivers: Type.Array(strict({ agency: text(64), change: Type.Enum(['added', 'removed']) }), {
        maxItems: 10_000,
      }),
      replaces: Type.Array(strict({ documentId: text(500), agencies: Type.Array(text(64), { maxItems: 10_000 }) }), {
        maxItems: 100,
      }),
    }),
  ),
})

/** A statement about another agency's document. */
export const statusDraft = strict({
  kind: Type.Literal('status'),
  sender: party,
  status: strict({
    code: Type.Enum([...STATUS_CODES]),
    about: link,
    description: Type.Optional(text(4000)),
    timestamp: text(19),
    staff: Type.Optional(
      strict({
        department: Type.Optional(text(300)),
        name: Type.Optional(text(300)),
        mobile: Type.Optional(text(30)),
        email: Type.Optional(text(100)),
      }),
    ),
  }),
})

export type ComposeDraft =
  | ({ readonly kind: 'document'; readonly form?: 'detached' | 'inline' } & PacketDraft)
  | ({ readonly kind: 'status' } & StatusDraft)

const document = compileSchema(documentDraft)
const status = compileSchema(statusDraft)

/** Reads the JSON part. @throws BusError LT_HTTP_INVALID_REQUEST naming the field */
export function readDraft(bytes: Buffer): ComposeDraft {
  const value = parse(bytes)
  const schema = (value as { kind?: unknown } | null)?.kind === 'status' ? status : document
  const problem = schema.problemOf(value)
  if (problem)
    throw new BusError('LT_HTTP_INVALID_REQUEST', { field: `envelope${problem.path}`, detail: problem.message })
  return value as ComposeDraft
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new BusError('LT_HTTP_INVALID_REQUEST', { field: 'envelope', detail: 'is not JSON' })
  }
}
