#!/usr/bin/env node
// The door of the mesh command: finds a Node that is new enough and starts the bundle that `npm run build` makes.
// Plain JavaScript that older versions of Node can read, since whatever Node the machine has runs it first.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const bundle = new URL('../dist/bundle/main.js', import.meta.url)
const nodeMajorMin = 22
const windows = process.platform === 'win32'

if (!existsSync(bundle)) stop('The mesh command is not built yet: run `npm run build` in the repository.')
else if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) {
  module.enableCompileCache?.()
  await import(bundle.href)
} else startOnOwnNode()

/** In a clone the repository has brought a Node of its own; an installed package has none. */
function startOnOwnNode() {
  const node = fileURLToPath(new URL(`../../../node_modules/.bin/node${windows ? '.cmd' : ''}`, import.meta.url))
  if (!existsSync(node)) {
    stop(`mesh needs Node ${nodeMajorMin} or newer; this is ${process.version}.`)
    return
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    shell: windows
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1)
  })
}

function stop(sentence) {
  console.error(sentence)
  process.exitCode = 1
}
