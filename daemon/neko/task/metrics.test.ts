import { expect, test } from 'bun:test'
import { createLogger } from '@shared/log'
import { Metrics, serveMetrics } from './metrics'

const quiet = createLogger({ write: () => undefined })

test('every figure has its documented name, and the one that earlier tools gave it', async () => {
  const metrics = new Metrics()
  metrics.actions.add('CLICK')
  metrics.actions.add('CLICK')
  metrics.inference.observe(0.2)
  const served = serveMetrics(metrics, { hostname: '127.0.0.1', port: 0, log: quiet })
  const text = await (await fetch(`http://127.0.0.1:${served!.port}/metrics`)).text()
  for (const name of [
    'neko_agent_reconnects_total',
    'neko_reconnects_total',
    'neko_agent_frames_processed_total',
    'neko_frames_received_total',
    'neko_agent_inference_seconds_count',
    'neko_inference_latency_seconds_sum',
    'neko_agent_action_execution_seconds_bucket',
    'neko_resize_duration_seconds_count',
    'neko_agent_parse_errors_total',
    'neko_parse_errors_total',
    'neko_navigation_steps_total',
  ])
    expect(text).toContain(`\n${name}`)
  expect(text).toContain('neko_agent_actions_executed_total{action_type="CLICK"} 2\n')
  expect(text).toContain('neko_actions_executed_total{action_type="CLICK"} 2\n')
  expect(text).toContain('neko_inference_latency_seconds_bucket{le="0.1"} 0\n')
  expect(text).toContain('neko_inference_latency_seconds_bucket{le="0.25"} 1\n')
  expect((await fetch(`http://127.0.0.1:${served!.port}/`)).status).toBe(404)
  await served!.stop()
})

test('a port that is taken is said, and nothing else', async () => {
  const said: string[] = []
  const log = createLogger({ write: (line) => said.push(line) })
  const first = serveMetrics(new Metrics(), { hostname: '127.0.0.1', port: 0, log: quiet })
  expect(serveMetrics(new Metrics(), { hostname: '127.0.0.1', port: first!.port, log })).toBeNull()
  expect(said.join()).toContain('cannot be had')
  await first!.stop()
})
