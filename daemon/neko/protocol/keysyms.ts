/**
 * Names of X11 keysyms (`keysymdef.h`, and `XF86keysym.h` for the keys of media and browsers): a first code, and the names of it and of
 * those that follow. A later name of the same code is another word for it.
 */
const NAMES: readonly (readonly [number, string])[] = [
  [
    0x20,
    'space exclam quotedbl numbersign dollar percent ampersand apostrophe parenleft parenright asterisk plus comma minus period slash 0 1 2 3 4 5 6 7 8 9 colon semicolon less equal greater question at A B C D E F G H I J K L M N O P Q R S T U V W X Y Z bracketleft backslash bracketright asciicircum underscore grave a b c d e f g h i j k l m n o p q r s t u v w x y z braceleft bar braceright asciitilde',
  ],
  [0x27, 'quoteright'],
  [0x60, 'quoteleft'],
  [
    0xa0,
    'nobreakspace exclamdown cent sterling currency yen brokenbar section diaeresis copyright ordfeminine guillemotleft notsign hyphen registered macron degree plusminus twosuperior threesuperior acute mu paragraph periodcentered cedilla onesuperior masculine guillemotright onequarter onehalf threequarters questiondown Agrave Aacute Acircumflex Atilde Adiaeresis Aring AE Ccedilla Egrave Eacute Ecircumflex Ediaeresis Igrave Iacute Icircumflex Idiaeresis ETH Ntilde Ograve Oacute Ocircumflex Otilde Odiaeresis multiply Oslash Ugrave Uacute Ucircumflex Udiaeresis Yacute THORN ssharp agrave aacute acircumflex atilde adiaeresis aring ae ccedilla egrave eacute ecircumflex ediaeresis igrave iacute icircumflex idiaeresis eth ntilde ograve oacute ocircumflex otilde odiaeresis division oslash ugrave uacute ucircumflex udiaeresis yacute thorn ydiaeresis',
  ],
  [0x13bc, 'OE oe Ydiaeresis'],
  [0x20ac, 'EuroSign'],
  [
    0xfe01,
    'ISO_Lock ISO_Level2_Latch ISO_Level3_Shift ISO_Level3_Latch ISO_Level3_Lock ISO_Group_Latch ISO_Group_Lock ISO_Next_Group ISO_Next_Group_Lock ISO_Prev_Group ISO_Prev_Group_Lock ISO_First_Group ISO_First_Group_Lock ISO_Last_Group ISO_Last_Group_Lock',
  ],
  [0xfe11, 'ISO_Level5_Shift ISO_Level5_Latch ISO_Level5_Lock'],
  [0xfe20, 'ISO_Left_Tab'],
  [0xfe34, 'ISO_Enter'],
  [
    0xfe50,
    'dead_grave dead_acute dead_circumflex dead_tilde dead_macron dead_breve dead_abovedot dead_diaeresis dead_abovering dead_doubleacute dead_caron dead_cedilla dead_ogonek dead_iota dead_voiced_sound dead_semivoiced_sound dead_belowdot dead_hook dead_horn dead_stroke',
  ],
  [0xff08, 'BackSpace Tab Linefeed Clear'],
  [0xff0d, 'Return'],
  [0xff13, 'Pause Scroll_Lock Sys_Req'],
  [0xff1b, 'Escape'],
  [
    0xff20,
    'Multi_key Kanji Muhenkan Henkan_Mode Romaji Hiragana Katakana Hiragana_Katakana Zenkaku Hankaku Zenkaku_Hankaku Touroku Massyo Kana_Lock Kana_Shift Eisu_Shift Eisu_toggle Hangul Hangul_Start Hangul_End Hangul_Hanja Hangul_Jamo Hangul_Romaja',
  ],
  [0xff23, 'Henkan'],
  [0xff37, 'Codeinput'],
  [0xff50, 'Home Left Up Right Down Prior Next End Begin'],
  [0xff55, 'Page_Up Page_Down'],
  [0xff60, 'Select Print Execute Insert'],
  [0xff65, 'Undo Redo Menu Find Cancel Help Break'],
  [0xff7e, 'Mode_switch Num_Lock KP_Space'],
  [0xff89, 'KP_Tab'],
  [0xff8d, 'KP_Enter'],
  [
    0xff91,
    'KP_F1 KP_F2 KP_F3 KP_F4 KP_Home KP_Left KP_Up KP_Right KP_Down KP_Prior KP_Next KP_End KP_Begin KP_Insert KP_Delete',
  ],
  [0xff9a, 'KP_Page_Up KP_Page_Down'],
  [
    0xffaa,
    'KP_Multiply KP_Add KP_Separator KP_Subtract KP_Decimal KP_Divide KP_0 KP_1 KP_2 KP_3 KP_4 KP_5 KP_6 KP_7 KP_8 KP_9',
  ],
  [
    0xffbd,
    'KP_Equal F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24 F25 F26 F27 F28 F29 F30 F31 F32 F33 F34 F35 Shift_L Shift_R Control_L Control_R Caps_Lock Shift_Lock Meta_L Meta_R Alt_L Alt_R Super_L Super_R Hyper_L Hyper_R',
  ],
  [0xffff, 'Delete'],
  [
    0x1008ff01,
    'XF86ModeLock XF86MonBrightnessUp XF86MonBrightnessDown XF86KbdLightOnOff XF86KbdBrightnessUp XF86KbdBrightnessDown XF86MonBrightnessCycle',
  ],
  [
    0x1008ff10,
    'XF86Standby XF86AudioLowerVolume XF86AudioMute XF86AudioRaiseVolume XF86AudioPlay XF86AudioStop XF86AudioPrev XF86AudioNext XF86HomePage XF86Mail XF86Start XF86Search XF86AudioRecord XF86Calculator XF86Memo XF86ToDoList XF86Calendar XF86PowerDown XF86ContrastAdjust',
  ],
  [
    0x1008ff26,
    'XF86Back XF86Forward XF86Stop XF86Refresh XF86PowerOff XF86WakeUp XF86Eject XF86ScreenSaver XF86WWW XF86Sleep XF86Favorites XF86AudioPause XF86AudioMedia XF86MyComputer XF86VendorHome XF86LightBulb XF86Shop XF86History XF86OpenURL XF86AddFavorite',
  ],
  [0x1008ff3e, 'XF86AudioRewind'],
  [
    0x1008ff40,
    'XF86Launch0 XF86Launch1 XF86Launch2 XF86Launch3 XF86Launch4 XF86Launch5 XF86Launch6 XF86Launch7 XF86Launch8 XF86Launch9 XF86LaunchA XF86LaunchB XF86LaunchC XF86LaunchD XF86LaunchE XF86LaunchF',
  ],
  [0x1008ff53, 'XF86CD XF86Calculater XF86Clear XF86Close XF86Copy XF86Cut XF86Display XF86DOS XF86Documents'],
  [0x1008ff5d, 'XF86Explorer XF86Game XF86Go'],
  [0x1008ff61, 'XF86LogOff'],
  [0x1008ff65, 'XF86MenuKB XF86MenuPB XF86MySites XF86New XF86News'],
  [0x1008ff6b, 'XF86Open XF86Option XF86Paste XF86Phone'],
  [0x1008ff72, 'XF86Reply XF86Reload XF86RotateWindows'],
  [0x1008ff77, 'XF86Save XF86ScrollUp XF86ScrollDown XF86ScrollClick XF86Send XF86Spell XF86SplitScreen'],
  [0x1008ff80, 'XF86Terminal XF86Tools XF86Travel'],
  [0x1008ff87, 'XF86Video'],
  [0x1008ff8b, 'XF86ZoomIn XF86ZoomOut XF86Away XF86Messenger XF86WebCam XF86MailForward XF86Pictures XF86Music'],
  [0x1008ff93, 'XF86Battery XF86Bluetooth XF86WLAN'],
  [
    0x1008ff97,
    'XF86AudioForward XF86AudioRepeat XF86AudioRandomPlay XF86Subtitle XF86AudioCycleTrack XF86CycleAngle XF86FrameBack XF86FrameForward XF86Time XF86Select XF86View XF86TopMenu XF86Red XF86Green XF86Yellow XF86Blue XF86Suspend XF86Hibernate XF86TouchpadToggle',
  ],
  [0x1008ffb0, 'XF86TouchpadOn XF86TouchpadOff XF86AudioMicMute XF86Keyboard XF86WWAN XF86RFKill'],
  [0x1008ffb8, 'XF86FullScreen'],
]

/** What people, browsers and models call keys besides. Of two keys of a kind the left one is meant. */
const ALIASES: Record<string, string> = {
  Enter: 'Return',
  Esc: 'Escape',
  Del: 'Delete',
  Ins: 'Insert',
  PgUp: 'Prior',
  PgDn: 'Next',
  PgDown: 'Next',
  ArrowLeft: 'Left',
  ArrowRight: 'Right',
  ArrowUp: 'Up',
  ArrowDown: 'Down',
  LeftArrow: 'Left',
  RightArrow: 'Right',
  UpArrow: 'Up',
  DownArrow: 'Down',
  Spacebar: 'space',
  Shift: 'Shift_L',
  LeftShift: 'Shift_L',
  RightShift: 'Shift_R',
  Control: 'Control_L',
  Ctrl: 'Control_L',
  Ctrl_L: 'Control_L',
  Ctrl_R: 'Control_R',
  LeftCtrl: 'Control_L',
  RightCtrl: 'Control_R',
  LeftControl: 'Control_L',
  RightControl: 'Control_R',
  Alt: 'Alt_L',
  LeftAlt: 'Alt_L',
  RightAlt: 'Alt_R',
  Option: 'Alt_L',
  AltGr: 'ISO_Level3_Shift',
  AltGraph: 'ISO_Level3_Shift',
  // The key with the logo: browsers call it Meta, and X11's own Meta_L is on no keyboard of today.
  Super: 'Super_L',
  Meta: 'Super_L',
  Win: 'Super_L',
  Windows: 'Super_L',
  Cmd: 'Super_L',
  Command: 'Super_L',
  Hyper: 'Hyper_L',
  CapsLock: 'Caps_Lock',
  NumLock: 'Num_Lock',
  ScrollLock: 'Scroll_Lock',
  PrintScreen: 'Print',
  PrtSc: 'Print',
  ContextMenu: 'Menu',
  Apps: 'Menu',
  Compose: 'Multi_key',
  NumpadEnter: 'KP_Enter',
  NumpadAdd: 'KP_Add',
  NumpadSubtract: 'KP_Subtract',
  NumpadMultiply: 'KP_Multiply',
  NumpadDivide: 'KP_Divide',
  NumpadDecimal: 'KP_Decimal',
  Hash: 'numbersign',
  Dot: 'period',
  Dash: 'minus',
  Hyphen: 'minus',
  Equals: 'equal',
  Backquote: 'grave',
  Backtick: 'grave',
  Tilde: 'asciitilde',
  Caret: 'asciicircum',
  Pipe: 'bar',
  Quote: 'apostrophe',
  DoubleQuote: 'quotedbl',
  Exclamation: 'exclam',
  Euro: 'EuroSign',
  VolumeUp: 'XF86AudioRaiseVolume',
  VolumeDown: 'XF86AudioLowerVolume',
  VolumeMute: 'XF86AudioMute',
  Mute: 'XF86AudioMute',
  PlayPause: 'XF86AudioPlay',
  MediaPlayPause: 'XF86AudioPlay',
  MediaPlay: 'XF86AudioPlay',
  MediaPause: 'XF86AudioPause',
  MediaStop: 'XF86AudioStop',
  MediaNextTrack: 'XF86AudioNext',
  MediaTrackNext: 'XF86AudioNext',
  MediaPrevTrack: 'XF86AudioPrev',
  MediaPreviousTrack: 'XF86AudioPrev',
  MediaTrackPrevious: 'XF86AudioPrev',
  BrowserBack: 'XF86Back',
  BrowserForward: 'XF86Forward',
  BrowserRefresh: 'XF86Refresh',
  BrowserStop: 'XF86Stop',
  BrowserHome: 'XF86HomePage',
  BrowserSearch: 'XF86Search',
  BrowserFavorites: 'XF86Favorites',
}

const exact = new Map<string, number>()
const loose = new Map<string, number>()
const byCode = new Map<number, string>()

/** A hyphen before a single letter is that of a chord: `ctrl-l` is no Control_L. */
const loosely = (name: string): string => name.toLowerCase().replace(/[\s_]|(?<=\w)-(?=\w\w)/g, '')

function add(name: string, code: number): void {
  if (!exact.has(name)) exact.set(name, code)
  if (!byCode.has(code)) byCode.set(code, name)
}

for (const [first, names] of NAMES) names.split(' ').forEach((name, at) => add(name, first + at))
for (const [name, of] of Object.entries(ALIASES)) exact.set(name, exact.get(of) ?? 0)
for (let digit = 0; digit <= 9; digit++) exact.set(`Numpad${digit}`, 0xffb0 + digit)
// Words that people say come before those of the tables: “Hyphen” is the key minus, “Agrave” in lower case is the small letter.
for (const name of Object.keys(ALIASES)) loose.set(loosely(name), exact.get(name) ?? 0)
for (const [name, code] of exact)
  if (name === name.toLowerCase()) loose.set(loosely(name), loose.get(loosely(name)) ?? code)
for (const [name, code] of exact) if (!loose.has(loosely(name))) loose.set(loosely(name), code)
for (const [name, code] of exact) {
  const short = name.startsWith('XF86') ? loosely(name.slice(4)) : ''
  if (short !== '' && !loose.has(short)) loose.set(short, code)
}

/** X11 has a keysym for each Unicode character: Latin-1 as it is, all else above this. */
const UNICODE = 0x01000000

/** The keysym that produces a character. Newline and tab are keys. */
export function keysymOfCharacter(character: string): number {
  const point = character.codePointAt(0) ?? 0
  if (point === 0x0a || point === 0x0d) return Key.Return
  if (point === 0x09) return Key.Tab
  if (point === 0x08) return Key.BackSpace
  if (point === 0x1b) return Key.Escape
  if (point === 0x7f) return Key.Delete
  return (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff) ? point : UNICODE + point
}

/**
 * The keysym of a key: a character, an X11 name (`Page_Down`, `KP_Enter`, `XF86AudioPlay`), another usual word for it (`Ctrl`, `PgDn`,
 * `ArrowLeft`, `VolumeUp`), a code point (`U+20AC`) or a number (`0xff0d`). Lower and upper case matter only where both are keys.
 * @returns undefined when there is no such key
 */
export function keysymOf(name: string): number | undefined {
  if ([...name].length === 1) return keysymOfCharacter(name)
  const number = /^0x([0-9a-f]{1,8})$/i.exec(name)?.[1]
  if (number !== undefined) return Number.parseInt(number, 16) || undefined
  const point = /^u\+([0-9a-f]{1,6})$/i.exec(name)?.[1]
  if (point !== undefined) {
    const code = Number.parseInt(point, 16)
    return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
      ? keysymOfCharacter(String.fromCodePoint(code))
      : undefined
  }
  return exact.get(name) ?? loose.get(loosely(name))
}

/** How X11 calls a keysym: `Return`, `a`, `U20AC` where it has no name; else the number. */
export function keysymName(keysym: number): string {
  const known = byCode.get(keysym)
  if (known !== undefined) return known
  if (keysym > UNICODE && keysym <= UNICODE + 0x10ffff) {
    return `U${(keysym - UNICODE).toString(16).toUpperCase().padStart(4, '0')}`
  }
  return `0x${keysym.toString(16)}`
}

/** Every name of a key, for completion. */
export const keyNames = (): string[] => [...exact.keys()]

/** Keys that code asks for by name. */
export const Key = {
  BackSpace: 0xff08,
  Tab: 0xff09,
  Return: 0xff0d,
  Escape: 0xff1b,
  Delete: 0xffff,
  Shift: 0xffe1,
  Control: 0xffe3,
  Alt: 0xffe9,
  Super: 0xffeb,
} as const

const MODIFIERS: ReadonlySet<number> = new Set([
  ...Array.from({ length: 0xffee - 0xffe1 + 1 }, (_, at) => 0xffe1 + at),
  0xfe03,
  0xfe11,
  0xff7e,
  0xff7f,
  0xff14,
])

/** Whether a key only changes what others do: Shift, Control, Alt, Super, AltGr, the locks. */
export const isModifier = (keysym: number): boolean => MODIFIERS.has(keysym)

const SHIFTED = '~!@#$%^&*()_+{}|:"<>?'
const UNSHIFTED = "`1234567890-=[]\\;',./"

/** Where a character is on a US keyboard: the key, and whether Shift is held for it. @returns undefined when it is not there */
export function usKey(character: string): { keysym: number; shift: boolean } | undefined {
  if (!/^[\x20-\x7e\n\r\t]$/.test(character)) return undefined
  if (/[A-Z]/.test(character)) return { keysym: keysymOfCharacter(character.toLowerCase()), shift: true }
  const at = SHIFTED.indexOf(character)
  return at < 0
    ? { keysym: keysymOfCharacter(character), shift: false }
    : { keysym: keysymOfCharacter(UNSHIFTED.charAt(at)), shift: true }
}
