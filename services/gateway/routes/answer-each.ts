import { isBusError } from '../../../libs/errors/index.ts'
import { type FastifyRequest, languageOf, problemOf, type refusalShape } from '../../../libs/http/index.ts'
import type { Static } from '../../../libs/schema/index.ts'
import type { endedShape } from './answer-shapes.ts'

/**
 * Runs `act` on every item side by side; each gets its own answer, a refused one all that a problem says, in the language of
 * the request. `act` says whether it was done before.
 * @throws BusError with status 5xx: an axis that cannot record is a matter of the whole request, all of it is repeated later
 */
export function answerEach<T extends { readonly id: string }>(
  request: Pick<FastifyRequest, 'id' | 'headers'>,
  items: readonly T[],
  act: (item: T) => Promise<boolean>,
): Promise<Static<typeof endedShape>['items']> {
  return Promise.all(
    items.map(async (item) => {
      try {
        return { consignment: item.id, ok: true, repeated: await act(item) }
      } catch (error) {
        return { consignment: item.id, ok: false, ...refusalOf(request, error) }
      }
    }),
  )
}

/** What one refused item of many says, in the language of the request. @throws `error` itself when it is a matter of the whole request */
export function refusalOf(
  request: Pick<FastifyRequest, 'id' | 'headers'>,
  error: unknown,
): Static<typeof refusalShape> {
  if (!isBusError(error) || error.entry.status >= 500) throw error
  const {
    type: _,
    traceId: __,
    ...refusal
  } = problemOf(error, request.id, languageOf(request.headers['accept-language'])).body
  return refusal
}
