import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import type { Teardown } from './teardown.ts'

/** One message as it arrived on the wire, dots unstuffed. */
export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  readonly raw: Buffer
  /** Whether it came over TLS. */
  readonly secure: boolean
  /** Who had logged in. */
  readonly user: string | undefined
}

/** Where a server breaks off, or what it says instead of yes. */
export interface SmtpBehaviour {
  /** Reply instead of the greeting, to RCPT, and to the whole message; `hang`: none; `drop`: the connection ends. */
  readonly greeting?: string
  readonly rcpt?: string
  readonly data?: string
}

export interface SmtpServer {
  readonly url: string
  readonly mails: readonly Mail[]
  /** Connections so far. */
  readonly connections: number
  behave(behaviour: SmtpBehaviour): void
}

export interface SmtpOptions {
  /** Offers STARTTLS with this certificate, PEM. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Wants this login. */
  readonly auth?: { readonly user: string; readonly pass: string }
}

/** A mail server on a real socket (RFC 5321, STARTTLS of RFC 3207, AUTH PLAIN of RFC 4954). A mail counts once its last dot arrived. */
export async function startSmtp(t: Teardown, options: SmtpOptions = {}): Promise<SmtpServer> {
  const mails: Mail[] = []
  const sockets = new Set<Socket>()
  let behaviour: SmtpBehaviour = {}
  let connections = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    serve(
      socket,
      options,
      () => behaviour,
      (mail) => void mails.push(mail),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    get connections() {
      return connections
    },
    behave(next) {
      behaviour = next
    },
  }
}

function serve(
  plain: Socket,
  { tls, auth }: SmtpOptions,
  behaviour: () => SmtpBehaviour,
  onMail: (mail: Mail) => void,
): void {
  let socket: Socket | TLSSocket = plain
  let secure = false
  let buffer = Buffer.alloc(0)
  let reading = false
  let [from, user] = ['', undefined as string | undefined]
  let to: string[] = []

  const say = (line: string): void => void socket.write(`${line}\r\n`)
  function answer(reply: string | undefined, otherwise: string): void {
    if (reply === 'hang') return
    if (reply === 'drop') return void socket.destroy()
    say(reply ?? otherwise)
  }

  function onCommand(line: string): void {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO') {
      const offers = [...(tls && !secure ? ['STARTTLS'] : []), ...(auth ? ['AUTH PLAIN'] : []), '8BITMIME']
      for (const [i, offer] of offers.entries()) say(`250${i === offers.length - 1 ? ' ' : '-'}${offer}`)
    } else if (/^STARTTLS/i.test(line) && tls) {
      say('220 go ahead')
      plain.removeListener('data', onData)
      buffer = Buffer.alloc(0)
      socket = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext(tls) })
      secure = true
      socket.on('data', onData)
      socket.on('error', () => socket.destroy())
    } else if (/^AUTH PLAIN /i.test(line)) {
      const [, name, pass] = Buffer.from(line.slice(11), 'base64').toString().split('\0')
      if (name === auth?.user && pass === auth?.pass) {
        user = name
        say('235 welcome')
      } else say('535 5.7.8 wrong')
    } else if (verb === 'MAIL') {
      from = /<([^>]*)>/.exec(line)?.[1] ?? ''
      to = []
      say(auth && user === undefined ? '530 5.7.0 log in first' : '250 ok')
    } else if (verb === 'RCPT') {
      to.push(/<([^>]*)>/.exec(line)?.[1] ?? '')
      answer(behaviour().rcpt, '250 ok')
    } else if (verb === 'DATA') {
      reading = true
      say('354 go on')
    } else if (verb === 'QUIT') {
      say('221 bye')
      socket.end()
    } else say(verb === 'RSET' || verb === 'NOOP' ? '250 ok' : '502 not here')
  }

  function onData(chunk: Buffer): void {
    buffer = Buffer.concat([buffer, chunk])
    for (;;) {
      if (reading) {
        const end = buffer.indexOf('\r\n.\r\n')
        if (end < 0) return
        const raw = Buffer.from(
          buffer
            .subarray(0, end + 2)
            .toString('latin1')
            .replace(/^\.\./gm, '.'),
          'latin1',
        )
        buffer = buffer.subarray(end + 5)
        reading = false
        onMail({ from, to, raw, secure, user })
        answer(behaviour().data, '250 2.0.0 taken')
        continue
      }
      const end = buffer.indexOf('\r\n')
      if (end < 0) return
      const line = buffer.subarray(0, end).toString()
      buffer = buffer.subarray(end + 2)
      onCommand(line)
    }
  }

  plain.on('data', onData)
  answer(behaviour().greeting, '220 test ESMTP')
}

/** The readable text of a mail: subject and body decoded, for looking at what a person sees. */
export function readMail(mail: Mail): { readonly subject: string; readonly text: string; readonly head: string } {
  const message = mail.raw.toString('utf8')
  const cut = message.indexOf('\r\n\r\n')
  const head = message.slice(0, cut).replace(/\r\n[ \t]+/g, ' ')
  const body = message.slice(cut + 4)
  const subject = /^Subject: (.*)$/m.exec(head)?.[1] ?? ''
  const encoding = /^Content-Transfer-Encoding: (.*)$/im.exec(head)?.[1]?.trim()
  return { head, subject: decodeWords(subject), text: decodeBody(body, encoding) }
}

function decodeWords(text: string): string {
  return text
    .replace(/\?= =\?/g, '?==?')
    .replace(/=\?UTF-8\?(B|Q)\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toUpperCase() === 'B' ? Buffer.from(word, 'base64').toString('latin1') : unquote(word.replaceAll('_', ' ')),
    )
    .replace(/[\s\S]*/, (bytes) => Buffer.from(bytes, 'latin1').toString())
}

function decodeBody(body: string, encoding: string | undefined): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString()
  if (encoding === 'quoted-printable') return Buffer.from(unquote(body.replace(/=\r\n/g, '')), 'latin1').toString()
  return body
}

const unquote = (text: string): string =>
  text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
