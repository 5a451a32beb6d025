/** A buffer that grows at its end and can be cut back: the packet without its long texts. */
export class Skeleton {
  #bytes = Buffer.allocUnsafe(16 * 1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  append(bytes: Uint8Array, from: number, to: number): void {
    const needed = this.#length + to - from
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    this.#bytes.set(bytes.subarray(from, to), this.#length)
    this.#length = needed
  }

  /** Takes away everything from `from` on and gives it, good until the next `append`. */
  cutBack(from: number): Buffer {
    const tail = this.#bytes.subarray(from, this.#length)
    this.#length = from
    return tail
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}
