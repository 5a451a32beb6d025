/** The error of a connection to a server that may not be written: a standby, or a primary that was made one. Nothing was sent on it. */
export class NotPrimary extends Error {
  readonly code = 'NOT_PRIMARY'
  constructor() {
    super('this server is a standby')
  }
}

/** The servers of one connection string, of which one is the primary. */
export interface Hosts {
  /** One connection string each, in the order given. */
  readonly urls: readonly string[]
  /** Whether whoever connects has to see that the server may be written. */
  readonly checked: boolean
}

const SHAPE = /^(postgres(?:ql)?:\/\/(?:[^@/]*@)?)([^/?]*)(\/[^?]*)?(?:\?(.*))?$/

/**
 * Takes a connection string apart that names several servers, as libpq writes it:
 * `postgres://user:password@one:5432,two:5432/database?target_session_attrs=read-write`. With several, or with that attribute, only the
 * primary is taken. Any other string is one server, taken as it is.
 */
export function readHosts(connectionString: string): Hosts {
  const found = SHAPE.exec(connectionString)
  const [, head = '', hosts = '', path = '', query = ''] = found ?? []
  const settings = query.split('&').filter(Boolean)
  const kept = settings.filter((setting) => !setting.startsWith('target_session_attrs='))
  const names = hosts.split(',')
  if (!found || (names.length === 1 && kept.length === settings.length))
    return { urls: [connectionString], checked: false }
  const tail = path + (kept.length > 0 ? `?${kept.join('&')}` : '')
  return { urls: names.map((name) => head + name + tail), checked: true }
}
