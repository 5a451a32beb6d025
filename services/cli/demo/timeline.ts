import { type Output, widthOf } from '../output.ts'

const WHO_WIDTH = 6

/** What happened, as it happens: time of day in Vietnam, who, what. */
export class Timeline {
  readonly #output: Output

  constructor(output: Output) {
    this.#output = output
  }

  add(who: string, what: string, at: Date = new Date()): void {
    const time = new Date(at.getTime() + 7 * 3_600_000).toISOString().slice(11, 23)
    this.#output.line(`  ${time}  ${who}${' '.repeat(Math.max(0, WHO_WIDTH - widthOf(who)))}  ${what}`)
  }
}
