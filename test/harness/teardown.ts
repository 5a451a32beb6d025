/** What the harness needs of a tap test: somewhere to put the cleaning up. */
export interface Teardown {
  teardown(work: () => unknown): void
}
