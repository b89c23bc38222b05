// Run by Node, which Lighthouse is written for: `node accessibility.mjs <port of Chromium> <address> …`.
// Prints a line of JSON for each address: {"url", "score", "failed"}.
import lighthouse from 'lighthouse'

const [port, ...urls] = process.argv.slice(2)
for (const url of urls) {
  const { lhr } = await lighthouse(url, {
    port: Number(port),
    onlyCategories: ['accessibility'],
    // The stream of events never ends, so the page is never quiet.
    maxWaitForLoad: 8000,
    // The login of the browser is kept.
    disableStorageReset: true,
    formFactor: 'desktop',
    screenEmulation: { disabled: true },
    logLevel: 'error',
  })
  const { score, auditRefs } = lhr.categories.accessibility
  const failed = auditRefs.map(({ id }) => id).filter((id) => lhr.audits[id].score === 0)
  console.log(JSON.stringify({ url, score, failed }))
}
