/** `NEKODE_FAULT_QUICK=1` is for a first look while working; the numbers that count come from a run without it. */
export const QUICK = process.env.NEKODE_FAULT_QUICK === '1'

/** How often something is done to the product: often enough to be sure, or a tenth of it. */
export const times = (full: number): number => (QUICK ? Math.max(2, Math.round(full / 10)) : full)
