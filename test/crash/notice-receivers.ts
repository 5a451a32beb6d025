import type { Random } from '../harness/seeded-random.ts'
import { type SmsGateway, startSmsGateway } from '../harness/sms-gateway.ts'
import { type SmtpServer, startSmtp } from '../harness/smtp-server.ts'
import type { Teardown } from '../harness/teardown.ts'

const CHANGE_MS = 700
const LOOK_MS = 20
/** The first mail of all, in every run, however short: taken without a word. */
const UNANSWERED = { data: 'drop' } as const

/** Mail server and message gateway, in this process, which nobody kills: whatever arrived whole is never forgotten. */
export interface NoticeReceivers {
  /** What the delivery service is started with. */
  readonly settings: Readonly<Record<string, string>>
  /** Id of every message that arrived whole, in order: a message that came twice stands there twice. */
  arrived(): { readonly mail: readonly string[]; readonly sms: readonly string[] }
  /** From now on they take some messages without a word, break off, hang or are busy, as chance has it, until `calm`. */
  trouble(random: Random): void
  calm(): void
}

export async function startNoticeReceivers(t: Teardown, small: boolean): Promise<NoticeReceivers> {
  const [smtp, sms] = await Promise.all([startSmtp(t), startSmsGateway(t)])
  let timer: NodeJS.Timeout | undefined
  t.teardown(() => clearInterval(timer))
  return {
    settings: {
      SMTP_URL: smtp.url,
      SMTP_TLS: 'off',
      SMTP_TIMEOUT_MS: '400',
      NOTICE_FROM: 'truc@axis.gov.vn',
      OPERATOR_MAIL: 'vanhanh@axis.gov.vn',
      SMS_URL: sms.url,
      SMS_ALLOWED_NETWORKS: '127.0.0.0/8',
      SMS_TIMEOUT_MS: '600',
      // Few messages of many notices: a contact gets a thousand in an hour at most.
      NOTICE_GATHER_MS: small ? '100' : '3000',
      NOTICE_IDLE_MS: small ? '100' : '500',
      NOTICES_PER_HOUR: '1000',
      NOTICE_ATTEMPTS: '1000',
      NOTICE_RETRY_MS: '50',
      CLOCK_IDLE_MS: '150',
      URGENT_WITHIN_MS: '1500',
      // Whether the working day ends during a run is a matter of the wall clock.
      SAME_DAY_RECEIPT: 'false',
    },
    arrived: () => ({ mail: smtp.mails.map(({ raw }) => idOfMail(raw)), sms: sms.calls.map(idOfCall) }),
    trouble(random) {
      smtp.behave(UNANSWERED)
      timer = setInterval(() => {
        if (smtp.mails.length > 0) upset(smtp, sms, random)
      }, CHANGE_MS)
    },
    calm() {
      clearInterval(timer)
      sms.answer(200)
      timer = setInterval(() => {
        if (smtp.mails.length > 0) smtp.behave({})
      }, LOOK_MS)
    },
  }
}

/** Nothing here says no to what it has read whole: what arrived may count as told. */
function upset(smtp: SmtpServer, sms: SmsGateway, random: Random): void {
  smtp.behave(
    random.happens(0.6)
      ? {}
      : random.pick([{ greeting: '421 busy' }, { greeting: 'hang' }, { data: 'hang' }, { data: 'drop' }] as const),
  )
  sms.answer(random.happens(0.6) ? 200 : random.pick(['hang', 500] as const))
}

const idOfMail = (raw: Buffer): string => /^message-id: <([^@>]+)@/im.exec(raw.toString('latin1'))?.[1] ?? 'no id'
const idOfCall = ({ body }: { readonly body: string }): string => (JSON.parse(body) as { id: string }).id
