import { BusError } from '../../errors/index.ts'

/** The refusal of a multipart body that could be read in two ways or not at all. */
export function broken(reason: string): BusError {
  return new BusError('LT_HTTP_MULTIPART_BROKEN', { reason })
}
