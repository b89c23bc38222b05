import { NekodeError } from '@shared/errors'
import type { KeyboardLayout, ModifierState } from './machine'
import { installHint } from './packages'
import type { Family } from './processes'
import type { Core } from './x11/core'

/** Bits of the X protocol: Shift, Lock, Control, Mod1 to Mod5, with what keyboards usually have on them. */
const BITS: Record<keyof ModifierState, number> = {
  shift: 1,
  capslock: 2,
  control: 4,
  alt: 8,
  numlock: 16,
  meta: 32,
  super: 64,
  altgr: 128,
}
const NAMES = ['shift', 'capslock', 'control', 'alt', 'numlock', 'meta', 'super', 'altgr'] as const

export function modifierState(mask: number): ModifierState {
  const is = (name: keyof ModifierState) => (mask & BITS[name]) !== 0
  return {
    shift: is('shift'),
    capslock: is('capslock'),
    control: is('control'),
    alt: is('alt'),
    numlock: is('numlock'),
    meta: is('meta'),
    super: is('super'),
    altgr: is('altgr'),
  }
}

export function modifierMasks(modifiers: { [name in keyof ModifierState]?: boolean | null | undefined }): {
  affected: number
  locked: number
} {
  let [affected, locked] = [0, 0]
  for (const name of NAMES) {
    const wanted = modifiers[name]
    if (wanted === undefined || wanted === null) continue
    affected |= BITS[name]
    if (wanted) locked |= BITS[name]
  }
  return { affected, locked }
}

/** What the keyboard was set to last, as the server remembers it. */
export async function keyboardLayout(core: Core): Promise<KeyboardLayout> {
  const rules = await core.property(core.x.root, await core.atom('_XKB_RULES_NAMES'))
  // Rules, model, layout, variant, options; a zero after each.
  const [, , layout = '', variant = ''] = Buffer.from(rules?.value ?? [])
    .toString()
    .split('\0')
  return { layout, variant }
}

/** @throws NekodeError invalid when there is no such layout, precondition without setxkbmap */
export async function setKeyboardLayout(
  family: Family,
  setxkbmap: string | undefined,
  { layout, variant }: KeyboardLayout,
): Promise<void> {
  if (!setxkbmap)
    throw new NekodeError('precondition', 'The keyboard layout cannot be changed: setxkbmap is not installed.', {
      code: 'package_missing',
      next: installHint('setxkbmap'),
    })
  // Names, several by commas; nothing that could be taken for an option.
  if (!/^\w[\w,-]*$/.test(layout) || !/^[\w,-]*$/.test(variant)) throw noLayout(layout, variant)
  const program = family.start('setxkbmap', [setxkbmap, '-layout', layout, '-variant', variant])
  if ((await program.exited) !== 0) throw noLayout(layout, variant)
}

const noLayout = (layout: string, variant: string) =>
  new NekodeError('invalid', `There is no keyboard layout ${layout}${variant && ` (${variant})`}.`, {
    code: 'keyboard_layout',
  })
