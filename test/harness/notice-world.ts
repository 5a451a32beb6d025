import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addDays, localDate } from '../../libs/model/index.ts'
import { type SmsGateway, startSmsGateway } from './sms-gateway.ts'
import { type SmtpServer, startSmtp } from './smtp-server.ts'
import type { Teardown } from './teardown.ts'
import { startWorld, type World, type WorldOptions, type WorldService } from './world.ts'

const ALL: readonly WorldService[] = ['routing', 'audit', 'receipts', 'gateway', 'delivery']

export interface NoticeWorld {
  readonly world: World
  readonly smtp: SmtpServer
  readonly sms: SmsGateway
  /** Environment of another delivery process beside the world's. */
  readonly environment: Readonly<Record<string, string>>
}

export const CONTACTS = {
  G12: 'vanthu@g12.gov.vn',
  H26: 'vanthu@h26.gov.vn',
  H53: 'vanthu@h53.gov.vn',
  operators: 'vanhanh@axis.gov.vn',
} as const
export const H26_PHONE = '+84912345678'
/** The week up to today is off, whatever day it is: what was signed in it is still in time. */
export const OFF_DAYS = 7

/**
 * A world with a mail server, a message gateway and contacts, and times so short that a test need not wait. Every day of the last
 * week is a day off, tomorrow and the days after are what the calendar says.
 */
export async function startNoticeWorld(t: Teardown, options: WorldOptions = {}): Promise<NoticeWorld> {
  const [smtp, sms] = await Promise.all([startSmtp(t), startSmsGateway(t)])
  const environment: Record<string, string> = {
    SMTP_URL: smtp.url,
    SMTP_TLS: 'off',
    SMTP_TIMEOUT_MS: '1500',
    SMS_TIMEOUT_MS: '1500',
    NOTICE_FROM: 'truc@axis.gov.vn',
    OPERATOR_MAIL: CONTACTS.operators,
    SMS_URL: sms.url,
    SMS_ALLOWED_NETWORKS: '127.0.0.0/8',
    NOTICE_GATHER_MS: '300',
    NOTICE_IDLE_MS: '100',
    NOTICES_PER_HOUR: '500',
    NOTICE_RETRY_MS: '100',
    CLOCK_IDLE_MS: '100',
    URGENT_WITHIN_MS: '600',
    ...options.environment,
  }
  const world = await startWorld(t, { ...options, services: [], environment })
  const today = localDate(new Date())
  const off = Array.from({ length: OFF_DAYS + 1 }, (_, i) => ({ date: addDays(today, -i), name: 'thử' }))
  const file = join(world.servers.keyDir, 'holidays.json')
  writeFileSync(file, JSON.stringify({ off }))
  environment.HOLIDAYS_FILE = file
  for (const [code, email] of Object.entries(CONTACTS)) {
    if (code === 'operators') continue
    const telephone = code === 'H26' ? '0912 345 678' : '024 38253536'
    await world.eyes.query('update agency set contact = $2 where code = $1', [
      code,
      { email, telephone, post: 'Văn thư' },
    ])
  }
  for (const name of options.services ?? ALL) await world.start(name)
  return { world, smtp, sms, environment }
}
