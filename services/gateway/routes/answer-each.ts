import { isBusError } from '../../../libs/errors/index.ts'
import type { Static } from '../../../libs/schema/index.ts'
import type { endedShape } from './answer-shapes.ts'

/**
 * Runs `act` on every item side by side; each gets its own answer. `act` says whether it was done before.
 * @throws BusError with status 5xx: an axis that cannot record is a matter of the whole request, all of it is repeated later
 */
export function answerEach<T extends { readonly id: string }>(
  items: readonly T[],
  act: (item: T) => Promise<boolean>,
): Promise<Static<typeof endedShape>['items']> {
  return Promise.all(
    items.map(async (item) => {
      try {
        return { consignment: item.id, ok: true, repeated: await act(item) }
      } catch (error) {
        if (!isBusError(error) || error.entry.status >= 500) throw error
        return { consignment: item.id, ok: false, code: error.code, status: error.entry.status }
      }
    }),
  )
}
