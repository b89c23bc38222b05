import { command } from './command'

/** Started by the daemon itself, to speak to the keychain of the operating system in its place. */
export const keychain = command({
  name: 'keychain',
  description: 'Ask the keychain of this computer',
  args: {},
  examples: [],
  hidden: true,
  run: async () => {
    const { serveKeychain } = await import('../services/secrets/ring')
    await serveKeychain()
  },
})
