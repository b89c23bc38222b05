import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The helper of the daemon as this source tree has it. */
export const HELPER: readonly string[] = [process.execPath, join(import.meta.dir, '../../main.ts'), 'keychain']

/** There is a real Secret Service to test with: gnome-keyring, in a session bus of its own. */
export const hasSecretService =
  process.platform === 'linux' &&
  ['dbus-daemon', 'dbus-send', 'gnome-keyring-daemon', 'secret-tool'].every((program) => Bun.which(program) !== null)

/** A desktop session of a test: a bus and a Secret Service with an empty, unlocked keyring. */
export class Desktop implements AsyncDisposable {
  private constructor(
    readonly env: Record<string, string>,
    readonly home: string,
    private readonly processes: Bun.Subprocess[],
  ) {}

  /** @param unlocked without it the keyring is there and takes nothing, as after a login without a password */
  static async start({ unlocked = true } = {}): Promise<Desktop> {
    const home = mkdtempSync(join(tmpdir(), 'nekode-desktop-'))
    const address = `unix:path=${join(home, 'bus')}`
    // Nothing that a bus would start by itself: the service of this session, or none.
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: home,
      XDG_RUNTIME_DIR: home,
      XDG_DATA_HOME: join(home, 'data'),
      DBUS_SESSION_BUS_ADDRESS: address,
    }
    const bus = Bun.spawn(['dbus-daemon', '--session', '--nofork', `--address=${address}`, '--print-address=1'], {
      env,
      stdout: 'pipe',
      stderr: 'ignore',
    })
    await firstOutput(bus.stdout)
    const keyring = Bun.spawn(
      ['gnome-keyring-daemon', '--foreground', '--components=secrets', ...(unlocked ? ['--unlock'] : [])],
      { env, stdin: new TextEncoder().encode('test\n'), stdout: 'ignore', stderr: 'ignore' },
    )
    const desktop = new Desktop(env, home, [keyring, bus])
    await desktop.#ready()
    return desktop
  }

  /** Waits until the service has its name on the bus. */
  async #ready(): Promise<void> {
    const ask = ['--session', '--print-reply', '--dest=org.freedesktop.DBus', '/org/freedesktop/DBus']
    for (;;) {
      const asked = Bun.spawn(
        ['dbus-send', ...ask, 'org.freedesktop.DBus.NameHasOwner', 'string:org.freedesktop.secrets'],
        { env: this.env, stdout: 'pipe', stderr: 'ignore' },
      )
      if ((await new Response(asked.stdout).text()).includes('true')) return
      await Bun.sleep(20)
    }
  }

  /** What the keyring has below a service, by a program that is not ours. */
  async look(service: string, account: string): Promise<string> {
    const tool = Bun.spawn(['secret-tool', 'lookup', 'service', service, 'account', account], {
      env: this.env,
      stdout: 'pipe',
      stderr: 'ignore',
    })
    return new Response(tool.stdout).text()
  }

  /** Stops the Secret Service, or lets it go on, without ending it: calls to it hang. */
  freeze(isFrozen: boolean): void {
    this.processes[0]?.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.processes) {
      one.kill('SIGKILL')
      await one.exited
    }
    rmSync(this.home, { recursive: true, force: true })
  }
}

async function firstOutput(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader()
  await reader.read()
  reader.releaseLock()
}
