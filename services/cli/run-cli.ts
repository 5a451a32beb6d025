import { parseArgs } from 'node:util'
import { type Environment, processEnvironment } from '../../libs/runtime/index.ts'
import { type Call, type Command, EXIT_CODES, UsageError } from './command.ts'
import { endWith } from './end-with.ts'
import { INTERRUPTED, untilInterrupted } from './interrupt.ts'
import { type Language, Output, type OutputOptions, table } from './output.ts'

/** In the order in which help lists them; each is loaded when it is called. */
const COMMANDS = {
  send: async () => (await import('./commands/send.ts')).sendCommand,
  inbox: async () => (await import('./commands/inbox.ts')).inboxCommand,
  fetch: async () => (await import('./commands/fetch.ts')).fetchCommand,
  ack: async () => (await import('./commands/ack.ts')).acknowledgeCommand,
  refuse: async () => (await import('./commands/refuse.ts')).refuseCommand,
  report: async () => (await import('./commands/report.ts')).reportCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  trace: async () => (await import('./commands/trace.ts')).traceCommand,
  attempts: async () => (await import('./commands/attempts.ts')).attemptsCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
  stuck: async () => (await import('./commands/stuck.ts')).stuckCommand,
  hold: async () => (await import('./commands/move.ts')).holdCommand,
  release: async () => (await import('./commands/move.ts')).releaseCommand,
  requeue: async () => (await import('./commands/move.ts')).requeueCommand,
  close: async () => (await import('./commands/move.ts')).closeCommand,
  void: async () => (await import('./commands/void.ts')).voidCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  request: async () => (await import('./commands/request.ts')).requestCommand,
  maintenance: async () => (await import('./commands/maintenance.ts')).maintenanceCommand,
  rebuild: async () => (await import('./commands/rebuild.ts')).rebuildCommand,
  operator: async () => (await import('./commands/operator.ts')).operatorCommand,
  notices: async () => (await import('./commands/notices.ts')).noticesCommand,
  calendar: async () => (await import('./commands/calendar.ts')).calendarCommand,
  fsck: async () => (await import('./commands/fsck.ts')).fsckCommand,
  retention: async () => (await import('./commands/retention.ts')).retentionCommand,
  'hold-content': async () => (await import('./commands/hold-content.ts')).holdContentCommand,
  'release-content': async () => (await import('./commands/hold-content.ts')).releaseContentCommand,
  partitions: async () => (await import('./commands/partitions.ts')).partitionsCommand,
  agency: async () => (await import('./commands/agency.ts')).agencyCommand,
  system: async () => (await import('./commands/system.ts')).systemCommand,
  bridge: async () => (await import('./commands/bridge.ts')).bridgeCommand,
  token: async () => (await import('./commands/token.ts')).tokenCommand,
  pki: async () => (await import('./commands/pki.ts')).pkiCommand,
  backup: async () => (await import('./commands/backup.ts')).backupCommand,
  restore: async () => (await import('./commands/restore.ts')).restoreCommand,
  drill: async () => (await import('./commands/drill.ts')).drillCommand,
  epoch: async () => (await import('./commands/epoch.ts')).epochCommand,
  migrate: async () => (await import('./commands/migrate.ts')).migrateCommand,
  demo: async () => (await import('./commands/demo.ts')).demoCommand,
} satisfies Record<string, () => Promise<Command>>
type CommandName = keyof typeof COMMANDS

const OWN_OPTIONS = {
  lang: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Runs one command line and answers its exit code (`EXIT_CODES`). */
export async function runCli(
  args: readonly string[],
  streams: Pick<OutputOptions, 'stdout' | 'stderr'> = process,
  environment: Environment = processEnvironment(),
): Promise<number> {
  const output = new Output({ language: languageOf(args, environment), json: args.includes('--json'), ...streams })
  const at = commandAt(args)
  const name = args[at] ?? ''
  const rest = [...args.slice(0, at), ...args.slice(at + 1)]
  if (name === 'help' && isCommand(args[at + 1] ?? ''))
    return runCli([args[at + 1] as string, '--help', ...args.slice(0, at)], streams, environment)
  if (name === '' || name === 'help' || name === '-h') {
    output.result({ commands: Object.keys(COMMANDS) }, usage(output))
    return EXIT_CODES.done
  }
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once('SIGINT', stop)
  try {
    if (!isCommand(name))
      throw new UsageError(`${output.t('usage.unknown', { command: name })}\n${usage(output).join('\n')}`)
    const command = await COMMANDS[name]()
    const call = readCall(command, rest, { output, environment, signal: stopping.signal })
    if (call.flags.help) {
      output.result({ command: name, options: Object.keys(command.options) }, help(name, command, output))
      return EXIT_CODES.done
    }
    const ended = await untilInterrupted(stopping.signal, command.run(call))
    return ended === INTERRUPTED ? endInterrupted(args, output) : (ended ?? EXIT_CODES.done)
  } catch (error) {
    if (stopping.signal.aborted) return endInterrupted(args, output)
    return endWith(error, output)
  } finally {
    process.removeListener('SIGINT', stop)
  }
}

/** Ctrl+C is how watching ends; anything else was not done. */
function endInterrupted(args: readonly string[], output: Output): number {
  if (args.includes('--watch')) return EXIT_CODES.done
  output.note(output.t('error.interrupted'))
  return EXIT_CODES.interrupted
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name)
}

function readCall(command: Command, args: string[], rest: Pick<Call, 'output' | 'environment' | 'signal'>): Call {
  const parsed = parse(command, args, rest.output)
  const values: Record<string, string> = {}
  const lists: Record<string, string[]> = {}
  const flags: Record<string, boolean> = {}
  for (const [name, value] of Object.entries(parsed.values)) {
    if (typeof value === 'string') values[name] = value
    else if (typeof value === 'boolean') flags[name] = value
    else if (value) lists[name] = value.map(String)
  }
  return { ...rest, values, lists, flags, names: parsed.positionals }
}

function parse(command: Command, args: string[], output: Output): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args, options: { ...command.options, ...OWN_OPTIONS }, allowPositionals: true, strict: true })
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!code.startsWith('ERR_PARSE_ARGS')) throw error
    throw new UsageError(output.t('usage.wrong', { detail: message.split('. ', 1)[0] ?? '' }))
  }
}

/** Where the command stands: behind options of all commands, if there are any. */
function commandAt(args: readonly string[]): number {
  let at = 0
  while (args[at]?.startsWith('--')) at += args[at] === '--lang' ? 2 : 1
  return at
}

/** Needed before the command line is understood, to say what is wrong with it. */
function languageOf(args: readonly string[], environment: Environment): Language {
  const at = args.indexOf('--lang')
  const told =
    args.find((each) => each.startsWith('--lang='))?.slice(7) ?? (at >= 0 ? args[at + 1] : environment.LIENTHONG_LANG)
  return told === 'en' ? 'en' : 'vi'
}

function usage(output: Output): string[] {
  const names = Object.keys(COMMANDS) as CommandName[]
  const rows = table(names.map((name) => [`  ${name}`, output.t(`help.${name}`)]))
  return [
    output.t('usage.head'),
    '',
    output.t('usage.call'),
    '',
    output.t('usage.commands'),
    ...rows,
    '',
    output.t('usage.more'),
  ]
}

function help(name: CommandName, command: Command, output: Output): string[] {
  const options = Object.entries(command.options).map(
    ([option, { type }]) => `  --${option}${type === 'string' ? ' …' : ''}`,
  )
  return [`lienthong ${name}: ${output.t(`help.${name}`)}`, ...options]
}
