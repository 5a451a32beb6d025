import { BusError } from '../../../libs/errors/index.ts'

/** Places for answers that stay open, so many for each system in this process. */
export interface StreamPlaces {
  /**
   * Opens an answer in a place of its own, which is left when the answer has ended or could not be opened.
   * @throws BusError LT_HTTP_TOO_MANY_STREAMS, and what `open` throws
   */
  hold<T extends { readonly closed: Promise<void> }>(systemCode: string, open: () => T): T
}

export function createStreamPlaces(limit: number): StreamPlaces {
  const taken = new Map<string, number>()

  function leave(systemCode: string): void {
    const left = (taken.get(systemCode) ?? 1) - 1
    if (left === 0) taken.delete(systemCode)
    else taken.set(systemCode, left)
  }

  return {
    hold(systemCode, open) {
      const before = taken.get(systemCode) ?? 0
      if (before >= limit) throw new BusError('LT_HTTP_TOO_MANY_STREAMS', { limit, retryAfterS: 30 })
      taken.set(systemCode, before + 1)
      try {
        const stream = open()
        void stream.closed.then(() => leave(systemCode))
        return stream
      } catch (error) {
        leave(systemCode)
        throw error
      }
    },
  }
}
