import { readFileSync } from 'node:fs'
import t from 'tap'
import {
  environmentViolations,
  HOMES,
  homeViolations,
  importViolations,
  merkleViolations,
  RANKS,
  staleHomes,
} from './import-rules.ts'
import { outgoingViolations } from './outgoing-rules.ts'
import { nameViolations, readmeViolations, STAGES, sizeViolations, stageViolations } from './shape-rules.ts'
import { readTree, sourceFile } from './source-tree.ts'
import { emptyCatchViolations, wireNameViolations, workplaceViolations } from './word-rules.ts'

const tree = readTree('.')

/** Each rule must find its planted fault, and nothing in the tree. */
function rule(
  name: string,
  find: (files: typeof tree) => string[],
  planted: Record<string, string>,
  innocent: Record<string, string> = {},
): void {
  t.test(name, async (t) => {
    const files = (texts: Record<string, string>): typeof tree =>
      Object.entries(texts).map(([path, text]) => sourceFile(path, text))
    for (const [path, text] of Object.entries(planted))
      t.not(find(files({ [path]: text })).length, 0, `finds the fault in ${path}`)
    t.same(find(files(innocent)), [], 'lets the innocent pass')
    t.same(find(tree), [])
  })
}

t.test('the tree was read', async (t) => {
  t.ok(tree.length > 100)
  t.ok(tree.some(({ path, imports }) => path === 'libs/errors/index.ts' && imports.length > 0))
  const libraries = new Set(tree.flatMap(({ path }) => /^libs\/([^/]+)\//.exec(path)?.[1] ?? []))
  t.same(
    [...libraries].filter((library) => !(library in RANKS)),
    [],
    'every library has a rank',
  )
  const table = readFileSync('libs/README.md', 'utf8')
  const rows = Object.entries(RANKS).map(([library, rank]) => `| ${rank} | [${library}](${library}/README.md) |`)
  t.same(
    rows.filter((row) => !table.includes(row)),
    [],
    'libs/README.md gives each its rank',
  )
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }
  t.same(staleHomes(dependencies), [], 'every package of package.json has its home, and no other')
  t.not(staleHomes({ ...dependencies, leftpad: '1' }).length, 0)
  t.not(staleHomes({}).length, 0)
  t.ok(Object.values(HOMES).every((homes) => homes.length > 0))
})

rule(
  'imports go down the ranks, through faces, and services stay apart',
  importViolations,
  {
    'libs/errors/a.ts': "import { x } from '../model/index.ts'",
    'libs/model/a.ts': "import type { X } from '../xml/index.ts'",
    'libs/store/a.ts': "export { x } from '../bus/index.ts'",
    'libs/http/a.ts': "import { x } from '../model/ids.ts'",
    'libs/queue/a.ts': "const x = await import('../client/index.ts')",
    'libs/xml/a.ts': "type X = import('../merkle/index.ts').X",
    'libs/bus/a.ts': "import { x } from '../../services/routing/service.ts'",
    'libs/blobs/a.ts': "import { x } from '../../test/harness/servers.ts'",
    'services/routing/a.ts': "import { x } from '../audit/service.ts'",
    'services/routing/b/c.ts': "import { x } from '../../../libs/store/pool.ts'",
    'services/gateway/a.ts': "import { x } from '../../deploy/local/up.ts'",
  },
  {
    'libs/model/a.ts': "import { x } from './ids.ts'\nimport { y } from '../errors/index.ts'",
    'libs/client/a.ts': "import { x } from '../envelope/index.ts'",
    'services/all/a.ts': "import { x } from '../audit/service.ts'\nimport { y } from '../../libs/store/index.ts'",
    'services/gateway/vxp/a.ts': "import { x } from '../admission/check.ts'",
  },
)

rule(
  'each package has one home',
  homeViolations,
  {
    'libs/store/a.ts': "import { connect } from 'nats'",
    'libs/bus/a.ts': "import type { Pool } from 'pg'",
    'libs/http/b.ts': "export type { Pool } from 'pg'",
    'libs/xml/a.ts': "import x from 'left-pad'",
    'services/gateway/routes/a.ts': "import { Value } from 'typebox/value'",
    'services/routing/a.ts': "import helmet from '@fastify/helmet'",
    'services/gateway/vxp/a.ts': "import { jwtVerify } from 'jose'",
    'deploy/local/a.ts': "import pg from 'pg'",
  },
  {
    'libs/http/a.ts': "export type { FastifyInstance } from 'fastify'\nimport x from '@fastify/multipart'",
    'libs/schema/a.ts': "export { Type } from 'typebox'",
    'services/gateway/auth/a.ts': "import { jwtVerify } from 'jose'",
  },
)

rule(
  'the tree of the log runs in a browser',
  merkleViolations,
  { 'libs/merkle/a.ts': "import { x } from 'node:crypto'", 'libs/merkle/b.ts': 'const x = Buffer.alloc(1)' },
  { 'libs/model/a.ts': "import { x } from 'node:crypto'" },
)

rule(
  'one client calls others',
  outgoingViolations,
  {
    'services/receipts/a.ts': 'const x = await fetch(url)',
    'libs/pipeline/a.ts': "import { request } from 'node:https'",
  },
  {
    'libs/client/a.ts': 'await fetch(url)',
    'services/delivery/a.ts': 'await this.fetch(url)',
    'services/cli/a.ts': "import { createServer } from 'node:http'",
  },
)

rule(
  'one place reads the environment',
  environmentViolations,
  { 'libs/store/a.ts': 'const x = process.env.X', 'services/all/a.ts': 'const { X } = process.env' },
  { 'libs/runtime/a.ts': 'const x = process.env.X', 'services/all/a.ts': '// process.env' },
)

const long = (lines: number): string => 'x()\n'.repeat(lines)
rule(
  'files are small',
  sizeViolations,
  { 'libs/store/a.ts': long(451), 'services/routing/b.ts': long(281), 'deploy/local/c.ts': long(91) },
  {
    'libs/store/a.ts': long(90),
    'libs/store/b.ts': long(90),
    'libs/store/c.sql': long(900),
    'libs/store/d.ts': `// Generated by x\n${long(900)}`,
    'test/unit/e.test.ts': long(900),
  },
)

rule(
  'names say what is in a file',
  nameViolations,
  {
    'libs/store/utils.ts': '',
    'services/gateway/helpers/a.ts': '',
    'libs/store/sql/index.ts': '',
    'services/routing/types.ts': '',
    'test/harness/misc.ts': '',
    'services/routing/index.ts': '',
    'deploy/common.mjs': '',
  },
  { 'libs/store/index.ts': '', 'services/console/web/index.html': '', 'libs/http/common-headers.ts': '' },
)

const stage = (name: string): Record<string, string> => ({
  [`services/${name}/README.md`]: long(9),
  [`services/${name}/main.ts`]: long(10),
  [`services/${name}/service.ts`]: '',
  [`services/${name}/config.ts`]: '',
  [`services/${name}/route-dispatches.ts`]: '',
})
t.test('every stage has the same files', async (t) => {
  const files = STAGES.flatMap((name) => Object.entries(stage(name)))
  const find = (texts: [string, string][], toCome: string[]): string[] =>
    stageViolations(
      texts.map(([path, text]) => sourceFile(path, text)),
      toCome,
    )
  t.same(find(files, []), [], 'lets the innocent pass')
  for (const [path] of files.slice(0, 5))
    t.same(
      find(
        files.filter(([other]) => other !== path),
        [],
      ).length,
      1,
      `misses ${path}`,
    )
  t.match(
    find(
      files.map(([path, text]) => [path, path.endsWith('main.ts') ? long(11) : text]),
      [],
    )[0],
    /11 lines/,
  )
  t.match(find(files, ['audit'])[0], /take it off/)
  t.same(stageViolations(tree), [])
})

rule(
  'every folder says what it is',
  (files) =>
    files === tree ? readmeViolations(tree) : readmeViolations(files).filter((folder) => folder.includes('/')),
  { 'libs/store/a.ts': '', 'services/routing/README.md': 'too short', 'services/cli/send/a.ts': '' },
  { 'libs/store/README.md': long(5), 'libs/README.md': long(5) },
)

rule(
  'words of the exchange formats stay at home',
  wireNameViolations,
  {
    'libs/model/a.ts': 'const x = "OrganId"',
    'services/gateway/routes/a.ts': '// BussinessDocType',
    'libs/client/a.ts': 'XroadVnptHeader',
  },
  {
    'libs/envelope/a.ts': 'OrganId',
    'services/gateway/vxp/a.ts': 'XroadVnpt',
    'libs/model/README.md': 'OrganId',
    'test/unit/a.ts': 'OrganId',
  },
)

const slash = '/'
rule(
  'no file knows where it was written',
  workplaceViolations,
  {
    'README.md': `see ${slash}work/x`,
    'libs/store/a.ts': `const x = '${slash}home/an/y'`,
    'test/unit/a.ts': `read('..${slash}shared/corpus')`,
    '.ci/run': `cd ${slash}work/main`,
  },
  {
    '.ci/run': `if [ -d ..${slash}shared ]`,
    'README.md': 'network/work/x',
    'deploy/systemd/a.service': 'ProtectHome=true',
  },
)

rule(
  'no failure is swallowed',
  emptyCatchViolations,
  {
    'libs/store/a.ts': 'try { x() } catch {}',
    'libs/store/b.ts': 'try { x() } catch (e) { /* fine */ }',
    'test/unit/c.ts': 'x().catch(() => {})',
    'deploy/d.mjs': 'x().catch(function () { })',
  },
  { 'libs/store/a.ts': 'try { x() } catch { y() }\nz().catch(() => undefined)\n// catch {}' },
)
