/** Calls that are remembered; the oldest go first. */
const MAX_KNOWN = 50_000

/**
 * Whether a call that changes something came before with the very same signed text. Clients repeat by themselves, and every operation may
 * be repeated: a replay is marked in the log, never refused.
 */
export function markReplays(): (operation: string, mac: string) => boolean {
  const known = new Set<string>()
  return (operation, mac) => {
    const key = `${operation} ${mac}`
    const replayed = known.delete(key)
    known.add(key)
    if (known.size > MAX_KNOWN) known.delete(known.values().next().value as string)
    return replayed
  }
}
