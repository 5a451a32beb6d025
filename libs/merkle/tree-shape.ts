/** Whether `value` can count leaves: a whole number, not negative, exact. */
export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** Whether leaves `start` … `end - 1` form a subtree: `start` is a multiple of the smallest power of two that holds the range. */
export function isSubtree(start: number, end: number): boolean {
  return isSize(start) && isSize(end) && start < end && start % ceilPower(end - start) === 0
}

/** The largest power of two smaller than `size`, where RFC 6962 splits a tree. `size` ≥ 2. */
export function splitPoint(size: number): number {
  return ceilPower(size) / 2
}

/** The smallest power of two that is ≥ `size`. Bit operators would stop at 32 bits. */
function ceilPower(size: number): number {
  let power = 1
  while (power < size) power *= 2
  return power
}

export const half = (value: number): number => Math.floor(value / 2)
export const isOdd = (value: number): boolean => value % 2 === 1
