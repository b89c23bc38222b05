import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/**
 * Openbox as plain as it can be: windows fill the screen without a frame, the newest one has the focus, and there are no keys and menus of
 * its own, because all keys are for the program. It does not look at clicks either: a window manager that does holds back what comes after
 * one, and the button comes up where the pointer is by then.
 */
const OPENBOX = `<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew><followMouse>no</followMouse></focus>
  <placement><policy>Smart</policy></placement>
  <desktops><number>1</number></desktops>
  <theme><animateIconify>no</animateIconify></theme>
  <keyboard/>
  <mouse>
    <context name="Titlebar">
      <mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/></mousebind>
      <mousebind button="Left" action="Drag"><action name="Move"/></mousebind>
    </context>
    <context name="Close">
      <mousebind button="Left" action="Click"><action name="Close"/></mousebind>
    </context>
  </mouse>
  <applications>
    <application type="normal"><decor>no</decor><maximized>yes</maximized></application>
  </applications>
</openbox_config>
`

/** The command of a window manager, with a configuration of its own where we have one. */
export function windowManagerArgv(program: string, run: string): string[] {
  const name = basename(program)
  if (name === 'openbox') {
    const config = join(run, 'openbox.xml')
    writeFileSync(config, OPENBOX, { mode: 0o600 })
    return [program, '--config-file', config]
  }
  return name === 'xfwm4' ? [program, '--compositor=off'] : [program]
}
