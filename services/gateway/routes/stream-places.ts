import { BusError } from '../../../libs/errors/index.ts'

/** Places for answers that stay open, so many for each system in this process. */
export interface StreamPlaces {
  /** Takes a place; answers the function that leaves it. @throws BusError LT_HTTP_TOO_MANY_STREAMS */
  take(systemCode: string): () => void
}

export function createStreamPlaces(limit: number): StreamPlaces {
  const taken = new Map<string, number>()
  return {
    take(systemCode) {
      const before = taken.get(systemCode) ?? 0
      if (before >= limit) throw new BusError('LT_HTTP_TOO_MANY_STREAMS', { limit, retryAfterS: 30 })
      taken.set(systemCode, before + 1)
      return () => {
        const left = (taken.get(systemCode) ?? 1) - 1
        if (left === 0) taken.delete(systemCode)
        else taken.set(systemCode, left)
      }
    },
  }
}
