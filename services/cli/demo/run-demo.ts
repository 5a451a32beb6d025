import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DispatchAnswer, SubmissionAnswer } from '../../../libs/client/index.ts'
import { EVENTS } from '../../../libs/model/index.ts'
import { type Environment, serviceEnvironment } from '../../../libs/runtime/index.ts'
import { TrustStore } from '../../../libs/signature/index.ts'
import { openPool } from '../../../libs/store/index.ts'
import { shownTime } from '../command-line.ts'
import type { Output } from '../output.ts'
import { type AxisPki, makeAxis } from '../pki/make-axis.ts'
import { verifyReceipt } from '../verify/verify-receipt.ts'
import { askXmlsec, hasXmlsec } from './check-receipts.ts'
import { type DemoDocument, writeDemoDocument } from './demo-documents.ts'
import { type DemoFolder, makeDemoFolder } from './demo-folder.ts'
import { type DemoParty, type DemoStage, openParty, openReceiver, openStatusInbox } from './demo-party.ts'
import { findAxis } from './find-axis.ts'
import { type DemoSystem, seedDemo } from './seed.ts'
import { Timeline } from './timeline.ts'

/** Longest time until every status and receipt has come back. */
const DEADLINE_MS = 90_000
const LOOK_MS = 200
const EXPECTED_STATUSES = ['01', '03', '06']

export interface DemoOptions {
  /** The process's variables; `LT_ENV_DIR` names the settings of each service. */
  readonly environment: Environment
  /** Folder in which the demo folder is made. */
  readonly parent: string
}

/**
 * A whole demonstration on real servers: two documents of one agency to two others, statuses and receipts back, all checked.
 * Answers the demo folder. @throws Error when anything is not as it should be
 */
export async function runDemo(output: Output, options: DemoOptions): Promise<string> {
  output.line(output.t('demo.title'))
  const { axis, systems } = await prepare(output, options.environment)
  await using found = await findAxis(options.environment, systems[0] as DemoSystem, axis.dir)
  output.line(output.t(found.started ? 'demo.axisStarted' : 'demo.axisFound', { url: found.url }))
  const [sender, ...receivers] = systems.map((system) => openParty(system, found.url)) as [DemoParty, ...DemoParty[]]
  await untilKnown(systems.map((system) => openParty(system, found.url)))
  const folder = await makeDemoFolder(options.parent, new Date())
  await folder.keepTrust('axis-root.pem', axis.rootPem)

  const documents = new Map<string, DemoDocument>()
  const stage: DemoStage = { output, timeline: new Timeline(output), folder, documents }
  for (const form of ['inline', 'detached'] as const) {
    const document = await writeDemoDocument(sender.system, systems.slice(1), sender.signer, form, new Date())
    documents.set(document.documentId, document)
  }
  const answers = await exchange(stage, sender, receivers)
  const dispatches = await untilClosed(sender, answers)
  for (const { number, notation, closedAt } of dispatches) {
    stage.timeline.add('', output.t('demo.closed', { document: `${number}/${notation}`, time: shownTime(closedAt) }))
  }
  const receipts = await fetchReceipts(sender, dispatches, folder)
  output.line(output.t('demo.receipts', { count: receipts.length }))
  await check(output, folder, [...documents.values()], receivers, receipts)
  return folder.path
}

async function prepare(output: Output, environment: Environment): Promise<{ axis: AxisPki; systems: DemoSystem[] }> {
  const { DATABASE_URL: url = '', KEY_DIR: keyDir = '.local/keys' } = serviceEnvironment('cli', environment)
  const axis = await makeAxis(keyDir)
  const pool = openPool(url, { name: 'lienthong demo', max: 2 })
  try {
    const systems = await seedDemo(pool, axis, keyDir)
    const { rows } = await pool.query<{ count: string }>('select count(*) from agency')
    output.line(
      output.t('demo.seeded', {
        count: rows[0]?.count ?? '',
        systems: systems.map(({ systemCode }) => systemCode).join(', '),
      }),
    )
    return { axis, systems }
  } finally {
    await pool.end()
  }
}

/** An axis that runs already hears of the new systems within seconds. */
async function untilKnown(parties: readonly DemoParty[]): Promise<void> {
  const end = Date.now() + DEADLINE_MS / 6
  for (const { client } of parties) {
    for (;;) {
      try {
        await client.authorization()
        break
      } catch (error) {
        if (Date.now() > end) throw error
        await sleep(LOOK_MS)
      }
    }
  }
}

/** Sends the documents and lets everyone receive until every status has come back. */
async function exchange(
  stage: DemoStage,
  sender: DemoParty,
  receivers: readonly DemoParty[],
): Promise<SubmissionAnswer[]> {
  const { output, timeline, folder, documents } = stage
  const stopping = new AbortController()
  const missing = new Set<string>()
  for (const documentId of documents.keys()) {
    for (const { system } of receivers)
      for (const code of EXPECTED_STATUSES) missing.add(`${system.agencyCode} ${code} ${documentId}`)
  }
  const statusInbox = openStatusInbox(sender, stage, (agency, { code, about }) => {
    missing.delete(`${agency} ${code} ${about.documentId ?? ''}`)
    if (missing.size === 0) stopping.abort()
  })
  const answers: SubmissionAnswer[] = []
  for (const { signed, form, shown, fileName, files } of documents.values()) {
    const answer = await sender.client.submit(signed)
    answers.push(answer)
    await folder.keepSent(fileName, signed.packet)
    for (const { name, bytes } of files) await folder.keepSent(name, bytes)
    const params = {
      document: shown,
      form: output.t(`demo.form.${form}`),
      size: files.reduce((sum, { bytes }) => sum + bytes.length, signed.packet.length),
      recipients: answer.recipients.map(({ agency }) => agency).join(', '),
      receipt: answer.receipt.id,
      verdict: answer.signature.verdict,
    }
    timeline.add(sender.system.agencyCode, output.t('demo.submitted', params))
  }
  const inboxes = [statusInbox, ...receivers.map((party, index) => openReceiver(party, stage, index === 0))]
  const tooLate = setTimeout(() => stopping.abort(), DEADLINE_MS)
  const ended = await Promise.allSettled(
    inboxes.map((inbox) =>
      inbox.run(stopping.signal).catch((error: unknown) => {
        stopping.abort()
        throw error
      }),
    ),
  )
  clearTimeout(tooLate)
  const failed = ended.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  if (missing.size > 0) throw new Error(`statuses missing: ${[...missing].join('; ')}`)
  return answers
}

/** The sender's view, once every recipient is done and all its evidence is there. */
async function untilClosed({ client }: DemoParty, answers: readonly SubmissionAnswer[]): Promise<DispatchAnswer[]> {
  const end = Date.now() + DEADLINE_MS / 3
  for (;;) {
    const dispatches = await Promise.all(answers.map(({ dispatch }) => client.dispatch(dispatch)))
    const done = dispatches.every(
      ({ state, receipts, recipients }) =>
        state === 'CLOSED' &&
        receipts.filter(({ event }) => event === EVENTS.acknowledged).length === recipients.length,
    )
    if (done) return dispatches
    if (Date.now() > end)
      throw new Error(`dispatches did not close: ${dispatches.map(({ state }) => state).join(', ')}`)
    await sleep(LOOK_MS)
  }
}

async function fetchReceipts(
  { client }: DemoParty,
  dispatches: readonly DispatchAnswer[],
  folder: DemoFolder,
): Promise<string[]> {
  const kept: string[] = []
  for (const { dispatch, number, receipts, recipients } of dispatches) {
    for (const [index, { entry, event, consignment }] of receipts.entries()) {
      const agency = recipients.find((each) => each.consignment === consignment)?.agency
      const name = [number, String(index + 1).padStart(2, '0'), event, ...(agency ? [agency] : [])].join('-')
      await folder.keepReceipt(`${name}.xml`, await client.receipt(dispatch, entry))
      kept.push(join('receipts', `${name}.xml`))
    }
  }
  return kept
}

async function check(
  output: Output,
  folder: DemoFolder,
  documents: readonly DemoDocument[],
  receivers: readonly DemoParty[],
  receipts: readonly string[],
): Promise<void> {
  output.line(output.t('demo.comparing'))
  const wrong: string[] = []
  const say = (good: boolean, text: string): void => {
    output.line(`  ${good ? '✓' : '✗'} ${text}`)
    if (!good) wrong.push(text)
  }
  const names = documents.flatMap(({ fileName, files }) => [fileName, ...files.map(({ name }) => name)])
  const agencies = receivers.map(({ system }) => system.agencyCode)
  for (const { file, equal } of await folder.compare(agencies, names)) {
    say(equal, output.t(equal ? 'demo.bytesEqual' : 'demo.bytesDiffer', { file }))
  }
  if (await hasXmlsec()) {
    for (const file of receipts) {
      const verdict = await askXmlsec(folder.at(file), folder.at('trust', 'axis-root.pem'))
      say(
        verdict.ok,
        output.t(verdict.ok ? 'demo.receiptGood' : 'demo.receiptBad', {
          file,
          reason: verdict.ok ? '' : verdict.reason,
        }),
      )
    }
  } else output.line(`  - ${output.t('demo.noXmlsec')}`)
  const trust = new TrustStore({
    anchors: [{ certificate: await readFile(folder.at('trust', 'axis-root.pem')), purposes: ['axis'] }],
  })
  for (const file of receipts) {
    const { verdict, reason = '' } = await verifyReceipt(await readFile(folder.at(file)), trust)
    if (verdict !== 'valid') say(false, output.t('demo.receiptOwnBad', { file, reason }))
  }
  if (wrong.length === 0) say(true, output.t('demo.receiptOwn', { count: receipts.length }))
  if (wrong.length > 0) throw new Error(wrong.join('; '))
}
