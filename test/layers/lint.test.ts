import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { PROJECT } from '../../deploy/local/folders.ts'

/** What `make check` asks for beside the rules of the tree; a state that does not pass is not committed. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  'format and lint': ['biome', 'check', '.'],
  'promises and states': ['eslint', '.'],
  types: ['tsc', '--noEmit', '-p', 'tsconfig.json'],
}

// The whole tree with its types: minutes where another run shares the machine.
t.setTimeout(900_000)

for (const [name, [program = '', ...args]] of Object.entries(CHECKS)) {
  t.test(name, async (t) => {
    const { status, stdout, stderr } = spawnSync(join(PROJECT, 'node_modules/.bin', program), args, { cwd: PROJECT })
    t.equal(status, 0, `${stdout}${stderr}`.slice(-4000))
  })
}
