/** What a browser shows that comes to the address of the desktop. @param base address of the server, without a slash at the end */
export const page = (base: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Nekode desktop</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .5rem }
</style>
<h1>A desktop with a browser</h1>
<p>This is <code>nekode-daemon neko desktop</code>: a screen with a browser on it, served over the protocol of Neko v3. It has no client
of its own. Its password was printed when it started.</p>
<p>Steer it from a terminal:</p>
<pre>nekode-daemon neko manual --neko-url ${escaped(base)} --username me</pre>
<p>Let a vision agent work on it:</p>
<pre>nekode-daemon neko agent --neko-url ${escaped(base)} --username agent --task "…"</pre>
<p>Programs log in with <code>POST ${escaped(base)}/api/login</code>, and connect to <code>/api/ws</code>.</p>
</html>
`

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
