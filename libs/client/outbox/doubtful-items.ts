/** So often an item may fail before those behind it get their turn. */
const MAX_TRIES = 4

/**
 * Tells an item that the axis fails on from an axis that takes nothing. An item that failed again and again lets others go first;
 * when one of them gets through and this one then fails once more, it is the item. While nothing gets through, nothing is proved.
 */
export class DoubtfulItems {
  readonly #items = new Map<string, { failures: number; lastChance: boolean }>()

  /** Whether others are to be tried before it. */
  steppedBack(name: string): boolean {
    const item = this.#items.get(name)
    return item !== undefined && item.failures >= MAX_TRIES && !item.lastChance
  }

  /** The axis, or a proxy before it, failed on it. Answers whether that proves it to be the item's fault. */
  failed(name: string): boolean {
    const { failures, lastChance } = this.#items.get(name) ?? { failures: 0, lastChance: false }
    if (lastChance) this.#items.delete(name)
    else this.#items.set(name, { failures: failures + 1, lastChance: false })
    return lastChance
  }

  /** The axis said yes or no to an item: those that stepped back get one more try. */
  answered(name: string): void {
    this.#items.delete(name)
    for (const item of this.#items.values()) item.lastChance = item.failures >= MAX_TRIES
  }

  /** All stepped back, so none can prove anything about another: from the beginning. */
  beginAnew(): void {
    this.#items.clear()
  }
}
