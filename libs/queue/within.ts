import { BusError } from '../errors/index.ts'

/** The answer of `work`, or LT_DLV_QUEUE_UNAVAILABLE after `ms`: BullMQ waits for its connection without end. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BusError('LT_DLV_QUEUE_UNAVAILABLE', { reason: `no answer in ${ms} ms` })), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
