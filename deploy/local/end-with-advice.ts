import { fill, isBusError } from '../../libs/errors/index.ts'
import { EXIT } from '../../libs/runtime/index.ts'

/** Runs a command of `deploy/local`; an error of ours is told in two lines and ends with 69 (something it needs is missing). */
export async function endWithAdvice(command: () => Promise<void>): Promise<void> {
  try {
    await command()
  } catch (error) {
    if (!isBusError(error)) throw error
    const { title, advice } = error.entry
    process.stderr.write(`${fill(title.en, error.params)}\n${fill(advice.en, error.params)}\n`)
    process.exitCode = EXIT.unavailable
  }
}
