import type { Command } from '../command.ts'
export const fsckCommand: Command = { options: {}, run: async () => 0 }
