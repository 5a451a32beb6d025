import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { type CatalogueEntry, catalogue } from '../../libs/errors/index.ts'
import { entryViolations, unusedCodes } from './catalogue-rules.ts'
import { withCodeTable } from './errors-readme.ts'
import { readTree, sourceFile } from './source-tree.ts'

const codes = Object.keys(catalogue)
const good: CatalogueEntry = {
  status: 422,
  actor: 'sender',
  retry: 'never',
  vxpCode: '10',
  title: { vi: 'Tệp {name} hỏng.', en: 'The file {name} is broken.' },
  advice: { vi: 'Gửi lại tệp đúng. Rồi thử lại.', en: 'Send the right file. Then try again.' },
}

t.test('every refusal says what, who, whether again, and what to do, in both languages', async (t) => {
  const faults: [string, CatalogueEntry][] = [
    ['LT_X', good],
    ['lt_sub_x', good],
    ['LT_SUB_X', { ...good, status: 200 }],
    ['LT_SUB_X', { ...good, actor: 'nobody' as never }],
    ['LT_SUB_X', { ...good, retry: 'maybe' as never }],
    ['LT_SUB_X', { ...good, vxpCode: '99' }],
    ['LT_SUB_X', { ...good, title: { ...good.title, vi: '' } }],
    ['LT_SUB_X', { ...good, title: { ...good.title, vi: 'Tep {name} hong.' } }],
    ['LT_SUB_X', { ...good, title: { ...good.title, en: 'The file {nmae} is broken.' } }],
    ['LT_SUB_X', { ...good, title: { ...good.title, en: 'The file {name} is broken. Badly.' } }],
    ['LT_SUB_X', { ...good, advice: { ...good.advice, en: 'Send {it} again.' } }],
    ['LT_SUB_X', { ...good, advice: { ...good.advice, en: 'One thing. Two things. Three things.' } }],
    ['LT_SUB_X', { ...good, advice: { ...good.advice, en: 'Send the right file' } }],
  ]
  for (const [code, entry] of faults) t.not(entryViolations(code, entry).length, 0, 'finds the planted fault')
  t.same(entryViolations('LT_SUB_X', good), [])
  t.same(
    Object.entries(catalogue).flatMap(([code, entry]) => entryViolations(code, entry)),
    [],
  )
})

t.test('no code stands in two areas, and every area file is in the catalogue', async (t) => {
  const written = readdirSync('libs/errors/areas').flatMap((name) =>
    [...readFileSync(`libs/errors/areas/${name}`, 'utf8').matchAll(/^ {2}(LT_[A-Z0-9_]+): \{/gm)].map(
      (match) => match[1] as string,
    ),
  )
  t.same([...written].sort(), [...codes].sort())
})

t.test('every code is raised by the product and named by a test', async (t) => {
  const planted = unusedCodes(
    ['LT_A_ONE', 'LT_A_TWO'],
    [
      sourceFile('libs/a/a.ts', "throw new BusError('LT_A_ONE')"),
      sourceFile('libs/errors/areas/a.ts', 'LT_A_TWO: {'),
      sourceFile('test/unit/a.test.ts', "'LT_A_TWO' 'LT_A_ONE_MORE'"),
      sourceFile('test/layers/a.test.ts', "'LT_A_ONE'"),
    ],
  )
  t.same(planted, { untested: ['LT_A_ONE'], unraised: ['LT_A_TWO'] })
  const { untested, unraised } = unusedCodes(codes, readTree('.'))
  t.same(unraised, [], 'raised')
  t.same(untested, [], 'tested')
})

t.test('libs/errors/README.md lists every code as it is (npx tsx test/layers/write-errors-readme.ts)', async (t) => {
  const readme = readFileSync('libs/errors/README.md', 'utf8')
  t.equal(readme, withCodeTable(readme))
  for (const code of codes) t.ok(readme.includes(`| \`${code}\` |`), code)
})
