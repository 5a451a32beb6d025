import { join } from 'node:path'
import type { Command } from '../command.ts'
import { runDemo } from '../demo/run-demo.ts'
import { runFailures } from '../demo/run-failures.ts'

/**
 * `lienthong demo`: one signed document inline and one detached, from one agency to two others, all the way and back.
 * `--failures`: how a receiver's endpoint fails, and what the axis makes of it.
 */
export const demoCommand: Command = {
  options: { dir: { type: 'string' }, failures: { type: 'boolean' } },
  async run({ output, environment, values, flags }) {
    if (flags.failures) return runFailures(output, { environment })
    const path = await runDemo(output, { environment, parent: values.dir ?? join('.local', 'demo') })
    // Scripts look for this very line, whatever the language.
    output.result({ demoFolder: path }, [`demo folder: ${path}`])
  },
}
