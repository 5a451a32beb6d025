import { Type } from '../../../libs/schema/index.ts'

const HOUR = 3_600_000

/** Settings of what people are told, and how. Without SMTP_URL and SMS_URL nobody is told anything; facts are written all the same. */
export const noticeSettings = {
  smtpUrl: Type.Optional(
    Type.String({
      secret: true,
      pattern: '^smtps?://',
      description: 'mail server: smtp://[user:password@]host[:port], smtps:// for TLS from the start',
    }),
  ),
  smtpTls: Type.Enum(['required', 'opportunistic', 'off'], {
    default: 'required',
    description: 'STARTTLS with smtp://: required, where the server offers it, or never',
  }),
  smtpCaFile: Type.Optional(
    Type.String({ description: 'certificates (PEM) the mail server is checked against; the public roots when absent' }),
  ),
  smtpTimeoutMs: Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: 30_000,
    description: 'longest silence of the mail server',
  }),
  noticeFrom: Type.Optional(Type.String({ description: 'address that notices are sent from; needed with SMTP_URL' })),
  noticeLanguage: Type.Enum(['vi', 'en'], { default: 'vi', description: 'language of notices' }),
  noticeTemplatesFile: Type.Optional(
    Type.String({ description: 'texts of notices (JSON) instead of schemas/data/notice-templates.json' }),
  ),
  operatorMail: Type.Optional(
    Type.String({ description: 'address of the operators: silent systems, and whom nobody else can be told for' }),
  ),
  smsUrl: Type.Optional(Type.String({ pattern: '^https?://', description: 'message gateway that is called by POST' })),
  smsFormat: Type.Enum(['json', 'form'], { default: 'json', description: 'how the body for the gateway is written' }),
  smsBody: Type.String({
    default: '{"to":"{phone}","text":"{text}","id":"{id}"}',
    description: 'body for the gateway (JSON, or a query string with form); {phone} {text} {id} {secret} are filled in',
  }),
  smsSecret: Type.Optional(
    Type.String({ secret: true, description: 'secret for the gateway, for {secret} in SMS_BODY or SMS_AUTHORIZATION' }),
  ),
  smsAuthorization: Type.Optional(
    Type.String({ description: 'value of the header authorization, e.g. "Bearer {secret}"' }),
  ),
  smsOkPattern: Type.Optional(
    Type.String({ description: 'regular expression that the answer of the gateway matches when it took the message' }),
  ),
  smsTimeoutMs: Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: 30_000,
    description: 'longest time to connect to the message gateway, and for its answer',
  }),
  smsAllowedNetworks: Type.Array(Type.String(), {
    default: [],
    description: 'networks (address/bits) that the gateway may lie in beside the public ones, also without TLS',
  }),
  smsKinds: Type.Array(Type.String(), {
    default: ['urgent-waiting'],
    description: 'notices that also go out as a short message',
  }),
  noticeGatherMs: Type.Integer({
    minimum: 0,
    maximum: HOUR,
    default: 60_000,
    description: 'how long a notice waits for others to the same contact; urgent ones do not wait',
  }),
  noticesPerHour: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 12,
    description: 'messages to one contact within an hour; what is more waits and travels together',
  }),
  noticeAttempts: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 12,
    description: 'attempts at a message that surely was not sent',
  }),
  noticeRetryMs: Type.Integer({
    minimum: 1,
    maximum: HOUR,
    default: 60_000,
    description: 'pause after the first of them; doubles, up to an hour',
  }),
  noticeIdleMs: Type.Integer({
    minimum: 50,
    maximum: 60_000,
    default: 2000,
    description: 'pause between two looks for notices that find nothing',
  }),
  noticeKeepDays: Type.Integer({
    minimum: 1,
    maximum: 3650,
    default: 90,
    description: 'days after which a notice that was sent is deleted; that it was sent stays in the log',
  }),
  failedNoticeKeepDays: Type.Integer({
    minimum: 1,
    maximum: 3650,
    default: 365,
    description: 'the same for notices that failed, or of which nobody knows whether they arrived',
  }),
} as const
