import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import { OpusDecoder } from '../media/opus'
import type { Sound } from './audio'

/** What somebody says, for the programs on the machine to record. */
export interface Microphone {
  play(packet: Uint8Array): void
}

/** Loaded with the first packet: few ever speak, and the decoder is large. */
export async function openMicrophone(sound: Sound, log: Logger): Promise<Microphone> {
  const decoder = await OpusDecoder.create(1)
  let hasWarned = false
  return {
    play(packet) {
      try {
        sound.speak(decoder.decode(packet))
      } catch (error) {
        // One bad packet is a click; a stream of them is not Opus.
        if (!hasWarned) log.warn(`a microphone's sound could not be decoded: ${errorText(error)}`)
        hasWarned = true
      }
    },
  }
}
