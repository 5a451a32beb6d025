import type { Command } from '../command.ts'
import { clientOf, PROFILE_OPTIONS, readProfile } from '../profile.ts'

/** `lienthong token`: an access token alone on one line, good for a few minutes: `curl -H "Authorization: Bearer $(lienthong token)"`. */
export const tokenCommand: Command = {
  options: PROFILE_OPTIONS,
  async run(call) {
    const header = await clientOf(readProfile(call)).authorization()
    const token = header.replace(/^Bearer /, '')
    call.output.result({ token }, [token])
  },
}
