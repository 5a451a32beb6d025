/** Chance that a seed repeats. */
export interface Random {
  /** In [0, 1). */
  (): number
  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number
  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T
  /** Whether something of this probability happens. */
  happens(probability: number): boolean
  /** `count` of the items, in any order; all of them where there are fewer. */
  some<T>(items: readonly T[], count: number): T[]
}

/** A generator of chance for one seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const some = <T>(items: readonly T[], count: number): T[] =>
    items
      .map((item) => ({ item, key: next() }))
      .sort((a, b) => a.key - b.key)
      .slice(0, count)
      .map(({ item }) => item)
  return Object.assign(next, {
    whole: (from: number, to: number) => from + Math.floor(next() * (to - from + 1)),
    pick: <T>(items: readonly T[]) => items[Math.floor(next() * items.length)] as T,
    happens: (probability: number) => next() < probability,
    some,
  })
}
