import type { Point, Size } from '../geometry'

/** Pixels, and pictures a second that the screen claims to have. */
export interface ScreenSize extends Size {
  rate: number
}

/** 3 bytes a pixel (red, green, blue), rows top down, no padding. */
export interface ScreenPixels extends Size {
  rgb: Uint8Array
}

/** One encoded picture. */
export interface EncodedVideo {
  codec: 'vp8'
  data: Uint8Array
  /** Whether decoding can begin with it. */
  key: boolean
  /** Ticks of 90 kHz since the machine started; goes on, without going back, when the encoder is started again. */
  timestamp: number
  /** Of the picture; a resize changes it, always with a key frame. */
  size: Size
}

/** 20 ms of Opus, 48 kHz stereo. */
export interface EncodedAudio {
  data: Uint8Array
  /** Ticks of 48 kHz since the machine started. */
  timestamp: number
}

export interface ModifierState {
  shift: boolean
  capslock: boolean
  control: boolean
  alt: boolean
  numlock: boolean
  meta: boolean
  super: boolean
  altgr: boolean
}

/** Names that `setxkbmap` takes, e.g. `de` and `nodeadkeys`. */
export interface KeyboardLayout {
  layout: string
  variant: string
}

/** What somebody copied. What is not there, the program that was copied from does not offer. */
export interface ClipboardText {
  text?: string
  html?: string
}

/** What is put on the clipboard. Text and HTML may go together: then both are offered, and who pastes chooses. */
export interface ClipboardContent extends ClipboardText {
  /** An image as PNG. */
  png?: Uint8Array
}

export interface CursorImage extends Size {
  /** The point of the image that points. */
  hotspot: Point
  png: Uint8Array
}

/** A file that is given to the machine. */
export interface MachineFile {
  /** Without a folder. */
  name: string
  data: Blob | Uint8Array
}

/** What tells a listener; each `on…` and stream gives back what ends it. */
export type Unlisten = () => void

/**
 * A private graphical session: a screen with a browser on it, what is seen and heard of it, and its input devices.
 * Everything that reaches into the screen keeps the order in which it was called. After `close()` all of it does nothing.
 */
export interface Machine {
  /** Name of the X display, e.g. `:3`. */
  readonly display: string
  /** What a program besides needs to reach the screen and the sound: DISPLAY, XAUTHORITY, PULSE_SERVER… as far as there are any. */
  readonly environment: Readonly<Record<string, string>>
  readonly size: ScreenSize
  readonly hasAudio: boolean
  /** Why there is no sound. */
  readonly noAudio: string | undefined
  /** Folder that given files are put into, and that the browser saves downloads to. */
  readonly downloads: string

  /**
   * The screen without the pointer.
   * @param quality of JPEG, 1 to 100
   */
  screenshot(quality: number): Promise<Uint8Array>
  screenPixels(): Promise<ScreenPixels>

  /**
   * What is seen, encoded once for all listeners. The encoder starts with the first listener, and ends some seconds after the
   * last one. A new listener first gets the pictures since the last key frame.
   */
  video(onFrame: (frame: EncodedVideo) => void): Unlisten
  /** What is heard, likewise; nothing comes without `hasAudio`. */
  audio(onPacket: (packet: EncodedAudio) => void): Unlisten
  /** What the programs on the machine hear: Opus packets of 48 kHz. Without `hasAudio` it is thrown away. */
  microphone(packet: Uint8Array): void

  /** Moves the pointer; a point outside becomes the nearest inside. */
  move(point: Point): void
  /**
   * Buttons: 1 left, 2 middle, 3 right, 8 back, 9 forward. What is held is let go of after 10 s.
   * @returns false when it is held already, or not held: then nothing happens
   */
  button(code: number, down: boolean): boolean
  /**
   * A key by keysym. One that the layout has on a shifted level is typed with Shift, unless Control, Alt or Super are held; one
   * that it lacks gets a spare key for a while. What is held is let go of after 10 s.
   * @returns false when it is held already, or not held: then nothing happens
   */
  key(keysym: number, down: boolean): boolean
  /** Notches of the wheel: positive is up and left. `control`: with the Control key held. */
  wheel(dx: number, dy: number, control?: boolean): void
  /** Lets go of all keys and buttons. */
  reset(): void
  /** Resolves when the screen's server has taken in all input until now. */
  settled(): Promise<void>

  modifiers(): Promise<ModifierState>
  /** Locks or unlocks modifiers; what is left out stays. */
  setModifiers(modifiers: { [name in keyof ModifierState]?: boolean | null | undefined }): Promise<void>
  keyboardLayout(): Promise<KeyboardLayout>
  /** @throws NekodeError invalid when there is no such layout, precondition without setxkbmap */
  setKeyboardLayout(layout: KeyboardLayout): Promise<void>

  /** @returns neither text nor HTML when nothing, or something else, is on the clipboard */
  clipboard(): Promise<ClipboardText>
  /** The image on the clipboard as PNG. */
  clipboardImage(): Promise<Uint8Array | undefined>
  setClipboard(content: ClipboardContent): Promise<void>
  /** When a program on the machine put something on the clipboard, and after `setClipboard`. */
  onClipboard(listener: () => void): Unlisten

  /**
   * Width is rounded down to a multiple of 8, rate 0 is 60.
   * @returns what the screen is now
   * @throws NekodeError invalid when it is too small or too large
   */
  resize(size: ScreenSize): Promise<ScreenSize>
  /** Sizes to choose from; others are possible too. */
  sizes(): ScreenSize[]
  onResize(listener: (size: ScreenSize) => void): Unlisten

  /** Tells the image at once, and when it changes. */
  onCursor(listener: (cursor: CursorImage) => void): Unlisten
  /** Where the pointer is now. */
  pointer(): Promise<Point>

  /**
   * Puts files into `downloads`, and drops them on the program below `point`.
   * @throws NekodeError precondition when nothing there takes files (they are in `downloads` then)
   */
  drop(point: Point, files: MachineFile[]): Promise<void>
  /** Whether a program waits for somebody to choose files. */
  readonly chooserOpen: boolean
  onChooser(listener: (open: boolean) => void): Unlisten
  /**
   * Answers an open dialog with a file (put into `downloads` first), or closes it when there is none.
   * @throws NekodeError invalid for more than one file, precondition when no dialog is open or it does not take the file
   */
  choose(files: MachineFile[]): Promise<void>

  /** Ends all programs of the machine and waits for that; a second call waits for the same. */
  close(): Promise<void>
  /** Tells why when the screen's server ended by itself: nothing works then, `close()` still has to be called. */
  readonly failed: Promise<string>
}
