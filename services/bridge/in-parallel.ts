/** Does `work` on all items, `most` at a time. The first failure ends it once what was begun has come to an end. */
export async function inParallel<T>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items]
  let failure: { readonly error: unknown } | undefined
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined && !failure; next = left.shift()) {
      try {
        await work(next)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker))
  if (failure) throw failure.error
}
