import type { AxisEvent } from './watch-events.ts'

/** More ids than that are no notice any more: whoever waits is told to look. */
const MAX_DISPATCHES = 10_000

/** Notices that wait for a slow reader, in order and merged: each mailbox and `look` once, ids of dispatches in one list. */
export class EventQueue {
  readonly #mailboxes = new Map<string | undefined, AxisEvent>()
  readonly #dispatches = new Set<string>()
  #look = false

  add(event: AxisEvent): void {
    if (event.kind === 'look') this.#look = true
    else if (event.kind === 'mailbox') this.#mailboxes.set(event.agency, event)
    else for (const id of event.dispatches) this.#dispatches.add(id)
    if (this.#dispatches.size > MAX_DISPATCHES) {
      this.#dispatches.clear()
      this.#look = true
    }
  }

  /** The next notice: `look` first, since it stands for all that was missed. */
  take(): AxisEvent | undefined {
    if (this.#look) {
      this.#look = false
      return { kind: 'look' }
    }
    for (const [agency, event] of this.#mailboxes) {
      this.#mailboxes.delete(agency)
      return event
    }
    if (this.#dispatches.size === 0) return undefined
    const dispatches = [...this.#dispatches]
    this.#dispatches.clear()
    return { kind: 'dispatch', dispatches }
  }
}
