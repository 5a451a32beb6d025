import { readFile } from 'node:fs/promises'
import { BusError } from '../../../libs/errors/index.ts'
import type { DeliveryConfig } from '../config.ts'
import type { Channel, ChannelName } from './channel.ts'
import { openMailChannel } from './mail-channel.ts'
import { openSmsChannel } from './sms-channel.ts'

/** The channels that the settings name. @throws BusError LT_CONF_INVALID, LT_CONF_FILE_UNREADABLE */
export async function openChannels(config: DeliveryConfig): Promise<ReadonlyMap<ChannelName, Channel>> {
  const channels = new Map<ChannelName, Channel>()
  const mail = await openMail(config)
  if (mail) channels.set('mail', mail)
  const sms = openSms(config)
  if (sms) channels.set('sms', sms)
  return channels
}

async function openMail(config: DeliveryConfig): Promise<Channel | undefined> {
  const { smtpUrl, smtpCaFile, noticeFrom } = config
  if (smtpUrl === undefined) return undefined
  if (noticeFrom === undefined) throw new BusError('LT_CONF_INVALID', { problems: 'SMTP_URL needs NOTICE_FROM' })
  return openMailChannel({
    url: urlOf('SMTP_URL', smtpUrl),
    tls: config.smtpTls as 'required' | 'opportunistic' | 'off',
    ...(smtpCaFile === undefined ? {} : { ca: await read(smtpCaFile) }),
    from: noticeFrom,
    timeoutMs: config.smtpTimeoutMs,
  })
}

function openSms(config: DeliveryConfig): Channel | undefined {
  const { smsUrl, smsSecret, smsAuthorization, smsOkPattern } = config
  if (smsUrl === undefined) return undefined
  return openSmsChannel({
    url: urlOf('SMS_URL', smsUrl),
    format: config.smsFormat as 'json' | 'form',
    body: config.smsBody,
    ...(smsSecret === undefined ? {} : { secret: smsSecret }),
    ...(smsAuthorization === undefined ? {} : { authorization: smsAuthorization }),
    ...(smsOkPattern === undefined ? {} : { okPattern: smsOkPattern }),
    allowedNetworks: config.smsAllowedNetworks,
    timeoutMs: config.smsTimeoutMs,
  })
}

function urlOf(name: string, text: string): URL {
  if (!URL.canParse(text)) throw new BusError('LT_CONF_INVALID', { problems: `${name} is no address` })
  return new URL(text)
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}
