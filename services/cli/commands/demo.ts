import { join } from 'node:path'
import type { Command } from '../command.ts'
import { runDemo } from '../demo/run-demo.ts'

/** `lienthong demo`: one signed document inline and one detached, from one agency to two others, all the way and back. */
export const demoCommand: Command = {
  options: { dir: { type: 'string' } },
  async run({ output, environment, values }) {
    const path = await runDemo(output, { environment, parent: values.dir ?? join('.local', 'demo') })
    // Scripts look for this very line, whatever the language.
    output.result({ demoFolder: path }, [`demo folder: ${path}`])
  },
}
