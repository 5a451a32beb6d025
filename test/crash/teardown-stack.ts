import type { Teardown } from '../harness/teardown.ts'

/** Runs a driver that is no tap test: what it has noted is cleaned up at its end, the last first, also after Ctrl-C. */
export async function runWithTeardown(work: (t: Teardown) => Promise<number>): Promise<number> {
  const stack: (() => unknown)[] = []
  let cleaning: Promise<void> | undefined
  const clean = (): Promise<void> => {
    cleaning ??= (async () => {
      for (let next = stack.pop(); next; next = stack.pop()) {
        try {
          await next()
        } catch (error) {
          process.stderr.write(`cleaning up: ${String(error)}\n`)
        }
      }
    })()
    return cleaning
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void clean().finally(() => process.exit(1)))
  try {
    return await work({ teardown: (step) => void stack.push(step) })
  } finally {
    await clean()
  }
}
