import { en } from './texts/en.ts'
import { type TextKey, vi } from './texts/vi.ts'

export type Language = 'vi' | 'en'
export type TextParams = Readonly<Record<string, string | number>>

export interface OutputOptions {
  readonly language: Language
  /** One JSON value on standard output and nothing else there. */
  readonly json: boolean
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean }
}

/** What a command says: results to standard output, everything beside them to standard error. */
export class Output {
  readonly language: Language
  readonly json: boolean
  readonly #options: OutputOptions
  #progressShown = false

  constructor(options: OutputOptions) {
    this.language = options.language
    this.json = options.json
    this.#options = options
  }

  /** A text in the chosen language. */
  t(key: TextKey, params: TextParams = {}): string {
    const text: string = this.language === 'en' ? en[key] : vi[key]
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole))
  }

  /** The result: `value` as JSON, or the lines for a reader. */
  result(value: unknown, lines: readonly string[]): void {
    this.#endProgress()
    const text = this.json ? JSON.stringify(value, null, 2) : lines.join('\n')
    if (text !== '') this.#options.stdout.write(`${text}\n`)
  }

  /** A line for a reader while work goes on; with `--json` to standard error. */
  line(text: string): void {
    this.#endProgress()
    const stream = this.json ? this.#options.stderr : this.#options.stdout
    stream.write(`${text}\n`)
  }

  /** Something beside the result: a warning, an error. */
  note(text: string): void {
    this.#endProgress()
    this.#options.stderr.write(`${text}\n`)
  }

  /** One line that is overwritten by the next; only where a person looks on. */
  progress(text: string): void {
    if (!this.#options.stderr.isTTY) return
    this.#options.stderr.write(`\r\u001b[2K${text}`)
    this.#progressShown = true
  }

  #endProgress(): void {
    if (this.#progressShown) this.#options.stderr.write('\r\u001b[2K')
    this.#progressShown = false
  }
}

/** Columns of a table, each as wide as its widest cell; Vietnamese letters count as one. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell))
  return rows.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell))))
      .join('  ')
      .trimEnd(),
  )
}

/** Columns a text takes in a terminal. */
export function widthOf(text: string): number {
  return [...text.normalize('NFC').replace(/\p{M}/gu, '')].length
}
