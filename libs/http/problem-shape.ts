import { Type } from '../schema/index.ts'

const text = Type.Object({ title: Type.String(), advice: Type.String() })

/** What every refusal says for itself, also where it is one of several inside an answer (promise P6). */
export const refusalShape = Type.Object({
  status: Type.Integer({ description: 'HTTP status of this refusal' }),
  code: Type.String({ description: 'stable; to branch on' }),
  title: Type.String({ description: 'what is wrong, in the language of Accept-Language, Vietnamese unless told' }),
  detail: Type.Optional(Type.String({ description: 'what is particular to this case, in English' })),
  actor: Type.String({ description: 'who must act: sender, receiver, axis or ca' }),
  retry: Type.String({ description: 'whether the same request can succeed: never, after-fix or later (Retry-After)' }),
  advice: Type.String({ description: 'what to do, in the language of `title`' }),
  params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  texts: Type.Object({ vi: text, en: text }),
})

/** The body of a refused request (RFC 9457), as `problemOf` makes it. */
export const problemShape = Type.Object({
  type: Type.String({ description: '`urn:lienthong:error:` and the code' }),
  ...refusalShape.properties,
  traceId: Type.String(),
})
