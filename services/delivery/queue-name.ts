/** The queue of one system: a dead endpoint holds up nobody but itself. */
export function queueName(systemCode: string): string {
  return `push-${systemCode}`
}
