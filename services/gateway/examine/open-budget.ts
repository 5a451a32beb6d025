import { BusError } from '../../../libs/errors/index.ts'

/**
 * How much may lie open at one time, in bytes of packets without their long texts. The engine's memory ends at 4 GB and is not
 * the collector's; the worst tree measured (attributes without values) takes 24 bytes for each of the packet.
 */
const MAX_OPEN_BYTES = 128 * 1024 * 1024
/** What one system may have of it: a single sender cannot shut the others out. */
const SYSTEM_SHARE = 4

/** What one packet takes of the budget, from its first bytes on; dispose it to give it back, once or more often. */
export interface OpenRoom extends Disposable {
  /** Makes the room this many bytes wide, if it is not already. @throws BusError LT_SUB_BUSY when there is none */
  atLeast(bytes: number): void
}

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

  /** Room for one packet, empty at first. */
  room(owner: string): OpenRoom {
    let held = 0
    return {
      atLeast: (bytes) => {
        const more = bytes - held
        if (more <= 0) return
        const own = this.#bySystem.get(owner) ?? 0
        if (this.#total + more > this.#max || own + more > this.#max / SYSTEM_SHARE) throw new BusError('LT_SUB_BUSY')
        this.#add(owner, more)
        held = bytes
      },
      [Symbol.dispose]: () => {
        this.#add(owner, -held)
        held = 0
      },
    }
  }

  #add(systemId: string, bytes: number): void {
    this.#total += bytes
    const own = (this.#bySystem.get(systemId) ?? 0) + bytes
    if (own === 0) this.#bySystem.delete(systemId)
    else this.#bySystem.set(systemId, own)
  }
}
