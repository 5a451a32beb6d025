import { BusError } from '../../../libs/errors/index.ts'

/**
 * How much may lie open at one time, in bytes of packets without their long texts. The engine's memory ends at 4 GB and is not
 * the collector's; the worst tree measured (attributes without values) takes 24 bytes for each of the packet.
 */
const MAX_OPEN_BYTES = 128 * 1024 * 1024
/** What one system may have of it: a single sender cannot shut the others out. */
const SYSTEM_SHARE = 4

/** A bound on the trees that wait for something: for attachments that are still on their way, most of all. */
export class OpenBudget {
  readonly #max: number
  readonly #bySystem = new Map<string, number>()
  #total = 0

  constructor(maxOpenBytes: number = MAX_OPEN_BYTES) {
    this.#max = maxOpenBytes
  }

  /** Bytes that are open now. */
  get open(): number {
    return this.#total
  }

  /** Takes room for one packet; answers the function that gives it back, once. @throws BusError LT_SUB_BUSY when there is none */
  take(systemId: string, bytes: number): () => void {
    const own = this.#bySystem.get(systemId) ?? 0
    if (this.#total + bytes > this.#max || own + bytes > this.#max / SYSTEM_SHARE) throw new BusError('LT_SUB_BUSY')
    this.#add(systemId, bytes)
    let taken = true
    return () => {
      if (taken) this.#add(systemId, -bytes)
      taken = false
    }
  }

  #add(systemId: string, bytes: number): void {
    this.#total += bytes
    const own = (this.#bySystem.get(systemId) ?? 0) + bytes
    if (own === 0) this.#bySystem.delete(systemId)
    else this.#bySystem.set(systemId, own)
  }
}
