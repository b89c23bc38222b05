/** English, of the areas that are here: each file of `en/` adds its own when it is loaded. */
export const english: Record<string, string> = {}

export const addTexts = (texts: Record<string, string>): void => void Object.assign(english, texts)
