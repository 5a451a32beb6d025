import t from 'tap'
import { NotPrimary, readHosts } from '../../libs/store/hosts.ts'
import { isConnectionLoss, wasNeverSent } from '../../libs/store/index.ts'

t.test('one server is taken as it is; of several the primary is wanted', (t) => {
  const one = 'postgres://u:p@h:5432/d?sslmode=require'
  t.same(readHosts(one), { urls: [one], checked: false })
  t.same(readHosts('postgres://u:p@a:1,b:2/d?target_session_attrs=read-write&sslmode=require'), {
    urls: ['postgres://u:p@a:1/d?sslmode=require', 'postgres://u:p@b:2/d?sslmode=require'],
    checked: true,
  })
  t.same(readHosts('postgresql://u@a/d?target_session_attrs=read-write'), {
    urls: ['postgresql://u@a/d'],
    checked: true,
  })
  t.same(readHosts('postgres://a,b'), { urls: ['postgres://a', 'postgres://b'], checked: true })
  t.same(readHosts('host=a'), { urls: ['host=a'], checked: false })
  t.end()
})

t.test('a standby was never sent anything, and the database is not to be had', (t) => {
  t.ok(isConnectionLoss(new NotPrimary()))
  t.ok(wasNeverSent(new NotPrimary()))
  t.end()
})

t.test('only what never had a connection was never sent', (t) => {
  const error = (code: string, syscall: string): Error =>
    Object.assign(new Error(`${syscall} ${code}`), { code, syscall })
  for (const code of ['ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENOENT']) {
    t.ok(wasNeverSent(error(code, 'connect')), code)
    t.ok(isConnectionLoss(error(code, 'read')), code)
    for (const syscall of ['read', 'write']) t.notOk(wasNeverSent(error(code, syscall)), `${syscall} ${code}`)
  }
  t.ok(wasNeverSent(error('ENOTFOUND', 'getaddrinfo')))
  const each = [error('ECONNREFUSED', 'connect'), error('ENETUNREACH', 'connect')]
  t.ok(wasNeverSent(new AggregateError(each)), 'every address of a name')
  t.notOk(wasNeverSent(new AggregateError([...each, error('ENETUNREACH', 'read')])))
  t.notOk(wasNeverSent(new AggregateError([])))
  t.end()
})
