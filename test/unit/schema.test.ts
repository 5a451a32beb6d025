import t from 'tap'
import { compileSchema, Type } from '../../libs/schema/index.ts'

t.test('values are neither coerced nor filled nor cut', async (t) => {
  const agency = compileSchema(
    Type.Object(
      {
        code: Type.String({ maxLength: 35 }),
        since: Type.Optional(Type.String({ format: 'date' })),
        level: Type.Optional(Type.Integer({ default: 1 })),
      },
      { additionalProperties: false },
    ),
  )
  t.ok(agency.matches({ code: 'H26' }))
  t.equal(agency.problemOf({ code: 'H26', since: '2025-01-01' }), undefined)
  t.same(agency.problemOf({ code: 'H26', level: '1' }), { path: '/level', message: 'must be integer' })
  t.match(agency.problemOf({ code: 'H26', since: '2025-02-30' }), { path: '/since' })
  const extra = { code: 'H26', extra: 1 }
  t.match(agency.problemOf(extra), { path: '', message: /additional properties/ })
  t.same(extra, { code: 'H26', extra: 1 })
  const empty = { code: 'H26' }
  agency.matches(empty)
  t.same(Object.keys(empty), ['code'])
  t.notOk(agency.matches(JSON.parse('{"__proto__":{"code":"H26"}}')), 'inherited properties do not count')
})

t.test('a faulty schema does not compile', async (t) => {
  t.throws(() => compileSchema({ type: 'object', requird: ['a'] }), { code: 'LT_SCHEMA_UNREADABLE' })
  t.throws(() => compileSchema({ type: 'string', format: 'postcode' }), { code: 'LT_SCHEMA_UNREADABLE' })
})
