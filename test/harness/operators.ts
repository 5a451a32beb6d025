import { addOperator, type Cause } from '../../libs/pipeline/index.ts'
import { changeSuspension } from '../../libs/pipeline/operations/suspend-system.ts'
import type { Queryable } from '../../libs/store/index.ts'
import type { Answer, World } from './world.ts'

/** Access keys of an administrator and two operators. */
export interface OperatorKeys {
  readonly admin: string
  readonly lan: string
  readonly minh: string
}

/** Adds them as `lienthong operator add` does. */
export async function addOperators({ operator: pool }: Pick<World, 'operator'>): Promise<OperatorKeys> {
  const first = await addOperator(pool, { name: 'admin', role: 'administrator' }, undefined, 'test')
  const add = async (name: string): Promise<string> =>
    (await addOperator(pool, { name, role: 'operator' }, first.operator, 'test')).key
  return { admin: first.key, lan: await add('Nguyễn Thị Lan'), minh: await add('Trần Minh') }
}

/** A call of the operators' API with an access key. */
export async function callConsole(
  world: World,
  key: string,
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  const response = await fetch(`${world.urlOf('console', 'console')}/operator/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      'accept-language': 'en',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, bytes, body: JSON.parse(bytes.toString()) }
}

/** Suspends a system as an operator does, with its entry; nobody is woken. */
export const suspendSystem = (database: Queryable, code: string, reason: string): Promise<boolean> =>
  changeSuspension(database, { on: 'system', action: 'suspend', system: code }, causeOf(reason))

/** Lets it act again. */
export const resumeSystem = (database: Queryable, code: string): Promise<boolean> =>
  changeSuspension(database, { on: 'system', action: 'resume', system: code }, causeOf('test'))

const causeOf = (reason: string): Cause => ({
  operator: { id: '01890000-0000-7000-8000-000000000000', name: 'test', role: 'operator' },
  reason,
  requestId: 'test',
})
