import { Readable } from 'node:stream'
import MailComposer from 'nodemailer/lib/mail-composer'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Channel, SendOutcome } from './channel.ts'
import type { Message } from './compose-message.ts'

export interface MailOptions {
  /** `smtp://[user:password@]host[:port]` or `smtps://…`. */
  readonly url: URL
  /** STARTTLS with `smtp://`. */
  readonly tls: 'required' | 'opportunistic' | 'off'
  /** PEM; the public roots when absent. */
  readonly ca?: Buffer
  readonly from: string
  readonly timeoutMs: number
}

/** The whole of a message may take so many times the longest silence. */
const WHOLE_TIMES = 3

/** What the mail library says when it fails. */
interface MailFault {
  readonly code?: string
  readonly responseCode?: number
}

/**
 * Mail by SMTP (RFC 5321), one connection per message. The library's connection is used, not its transport: only so it is known
 * whether the message had begun to leave when something broke, which decides between trying again and never again.
 */
export function openMailChannel(options: MailOptions): Channel {
  return {
    // Names are looked up, then the whole of it is bounded.
    longestMs: options.timeoutMs * (WHOLE_TIMES + 1),
    close: async () => undefined,
    async send(message) {
      let raw: Buffer
      try {
        raw = await build(message, options)
      } catch (error) {
        return outcomeOf(error as MailFault, false)
      }
      return transmit(message, raw, options)
    },
  }
}

function build(message: Message, { from }: MailOptions): Promise<Buffer> {
  return new MailComposer({
    from,
    to: message.recipient,
    subject: message.subject,
    text: message.text,
    messageId: `<${message.id}@${from.split('@')[1] ?? 'localhost'}>`,
    // RFC 3834: no out-of-office answer shall come back.
    headers: { 'auto-submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build()
}

async function transmit(message: Message, raw: Buffer, options: MailOptions): Promise<SendOutcome> {
  const { url, tls, ca, from, timeoutMs } = options
  const secure = url.protocol === 'smtps:'
  const connection = new SMTPConnection({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    ...(secure
      ? {}
      : { requireTLS: tls === 'required', ignoreTLS: tls === 'off', opportunisticTLS: tls === 'opportunistic' }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    tls: { ...(ca ? { ca } : {}), minVersion: 'TLSv1.2' },
  })
  let begun = false
  const body = new Readable({
    // Asked for the first time once the server has said 354: from then on nobody knows what it has.
    read() {
      begun = true
      this.push(raw)
      this.push(null)
    },
  })
  let timer: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      // The library bounds each silence; a server that trickles would never be silent.
      timer = setTimeout(
        () => reject(Object.assign(new Error('too slow'), { code: 'ETIMEDOUT' })),
        timeoutMs * WHOLE_TIMES,
      )
      const settle = (error: Error | null | undefined): void => (error ? reject(error) : resolve())
      connection.on('error', reject)
      connection.connect((error?: Error | null) => {
        if (error) return reject(error)
        const deliver = (): void => connection.send({ from, to: [message.recipient] }, body, settle)
        if (url.username === '') return deliver()
        const auth = { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
        connection.login(auth, (failed?: Error | null) => (failed ? reject(failed) : deliver()))
      })
    })
    connection.quit()
    return { state: 'SENT' }
  } catch (error) {
    connection.close()
    return outcomeOf(error as MailFault, begun)
  } finally {
    clearTimeout(timer)
  }
}

/** An answer of the server is clear whenever it comes (RFC 5321 4.2); no answer is clear only while nothing had begun to leave. */
function outcomeOf({ code, responseCode }: MailFault, begun: boolean): SendOutcome {
  const reason = String(responseCode ?? code ?? 'unknown').slice(0, 60)
  // A login that is refused is a matter of settings: every notice would fail for it.
  if (responseCode !== undefined && responseCode >= 500 && code !== 'EAUTH' && code !== 'ETLS')
    return { state: 'FAILED', code: 'LT_NTC_REFUSED', reason }
  if (responseCode === undefined && begun) return { state: 'UNSURE', code: 'LT_NTC_UNSURE', reason }
  return { state: 'WAITING', code: 'LT_NTC_UNREACHABLE', reason }
}
