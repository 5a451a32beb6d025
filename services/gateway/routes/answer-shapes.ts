import { refusalShape } from '../../../libs/http/index.ts'
import { type Static, Type } from '../../../libs/schema/index.ts'

/** Shapes that several answers of the native API share. */
export const uuidShape = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' })
/** Text that PostgreSQL can hold: without the character NUL. */
export const STORABLE = '^[^\\u0000]*$'
export const codeShape = Type.String({ minLength: 1, maxLength: 64 })
export const timeShape = Type.String({ description: 'RFC 3339, UTC' })

export const warningShape = Type.Object({
  code: Type.String(),
  params: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))),
})

export const signatureShape = Type.Object({
  verdict: Type.String({ description: 'valid, invalid, untrusted, unverifiable, sample or absent' }),
  reason: Type.Optional(Type.String()),
  signer: Type.Optional(
    Type.Object({ subject: Type.String(), fingerprint: Type.String() }, { additionalProperties: true }),
  ),
  signerIs: Type.Optional(Type.String({ description: 'agency, ancestor or system' })),
})

/** Of a refused item among many: the members of a problem. */
export const refusedShape = Type.Partial(refusalShape).properties

/** What became of each consignment that was to be ended or given back. */
export const endedShape = Type.Object({
  items: Type.Array(
    Type.Object({
      consignment: uuidShape,
      ok: Type.Boolean(),
      repeated: Type.Optional(Type.Boolean()),
      ...refusedShape,
    }),
  ),
})

export const idParams = Type.Object({ id: uuidShape })
export type IdParams = Static<typeof idParams>
