import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { BusError, catalogue, type ErrorCode, fill, isBusError } from '../../libs/errors/index.ts'
import { problemOf } from '../../libs/http/problem.ts'

t.test('an error carries its code, parameters, entry and cause', async (t) => {
  const cause = new Error('socket closed')
  const error = new BusError('LT_STORE_UNSAFE_SETTING', { setting: 'fsync', value: 'off' }, { cause })
  t.equal(error.name, 'BusError')
  t.equal(error.code, 'LT_STORE_UNSAFE_SETTING')
  t.equal(error.message, 'The database runs with fsync = off, which does not keep data safe.')
  t.equal(error.entry, catalogue.LT_STORE_UNSAFE_SETTING)
  t.same(error.params, { setting: 'fsync', value: 'off' })
  t.equal(error.cause, cause)
  t.same(new BusError('LT_STORE_UNAVAILABLE').params, {})
})

t.test('it is told from anything else', async (t) => {
  const error = new BusError('LT_STORE_UNAVAILABLE')
  t.ok(isBusError(error))
  t.ok(isBusError(error, 'LT_STORE_UNAVAILABLE'))
  t.notOk(isBusError(error, 'LT_STORE_UNSAFE_SETTING'))
  for (const other of [new Error('x'), { code: 'LT_STORE_UNAVAILABLE' }, undefined, null, 'x'])
    t.notOk(isBusError(other))
})

t.test('texts are filled, and what is missing stays visible', async (t) => {
  t.equal(fill('{a} and {b}', { a: 1 }), '1 and {b}')
  t.equal(fill('{a}', { a: '{b}', b: 'no' }), '{b}', 'values are not filled again')
  t.equal(fill('{a}', { a: '$& $1' }), '$& $1', 'nor read as a pattern')
})

t.test('every code as an answer follows the schema of problems', async (t) => {
  const schema = JSON.parse(readFileSync('schemas/json/problem.schema.json', 'utf8')) as object
  const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(schema)
  for (const code of Object.keys(catalogue) as ErrorCode[]) {
    const { body } = problemOf(
      new BusError(code, { detail: 'line 3', name: 'x' }),
      '0af7651916cd43dd8448eb211c80319c',
      'vi',
    )
    t.ok(validate(JSON.parse(JSON.stringify(body))), JSON.stringify(validate.errors))
  }
  t.notOk(validate({ code: 'LT_STORE_UNAVAILABLE' }), 'the schema can refuse')
})
