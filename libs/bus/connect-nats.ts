import { connect, type NatsConnection } from 'nats'

const DIAL_TIMEOUT_MS = 2_000

/** Opens one connection with the user in the URL. `url` may name several servers of one cluster, separated by commas. */
export async function connectNats(url: string, name: string): Promise<NatsConnection> {
  const servers = url.split(',').map((each) => new URL(each.trim()))
  const [first] = servers as [URL]
  const user = decodeURIComponent(first.username)
  return await connect({
    servers: servers.map((server) => `${server.hostname}:${server.port || '4222'}`),
    name,
    ...(user ? { user, pass: decodeURIComponent(first.password), inboxPrefix: `_INBOX_${user}` } : {}),
    ...(first.protocol === 'tls:' ? { tls: {} } : {}),
    timeout: DIAL_TIMEOUT_MS,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // A password that is being changed must not end the connection for ever.
    ignoreAuthErrorAbort: true,
    pingInterval: 5_000,
    maxPingOut: 2,
  })
}
