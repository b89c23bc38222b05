import type { ScreenPicture } from '@shared/contract/screens'

/** Draws a picture; it is on the screen when this resolves. */
export async function draw(canvas: HTMLCanvasElement, { jpeg }: Pick<ScreenPicture, 'jpeg'>): Promise<void> {
  const bitmap = await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }))
  try {
    if (canvas.width !== bitmap.width) canvas.width = bitmap.width
    if (canvas.height !== bitmap.height) canvas.height = bitmap.height
    canvas.getContext('2d', { alpha: false })?.drawImage(bitmap, 0, 0)
  } finally {
    bitmap.close()
  }
}
