import { NekodeError } from '@shared/errors'
import { VIDEO_CODECS } from './depacketize/frame'

/** Video that the server offers, when there is none that can be decoded here. */
export function unknownVideo(sdp: string): NekodeError | undefined {
  const section = sdp.split(/^m=/m).find((text) => text.startsWith('video '))
  const names = [...(section ?? '').matchAll(/^a=rtpmap:\d+ ([^/\s]+)/gm)].map(([, name = '']) => name)
  const media = names.filter((name) => !/^(rtx|red|ulpfec|flexfec.*)$/i.test(name))
  const known = media.some((name) => VIDEO_CODECS.some((codec) => codec === name.toLowerCase()))
  if (known || media.length === 0) return undefined
  return new NekodeError(
    'unimplemented',
    `The room sends its video as ${media.join(', ')}, which cannot be decoded here.`,
    {
      code: 'video_codec',
      next: 'Let the Neko server send VP8, its default. Until then pictures come as screenshots, when the session is an admin or the server has NEKO_CAPTURE_SCREENCAST_ENABLED=true.',
    },
  )
}
