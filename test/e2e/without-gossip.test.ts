// The core of the suite with gossip off: sync alone has to carry everything.
import { coreSuite } from './core-suite.ts'

coreSuite('without gossip', { peers: 3, flags: ['--gossip', 'off'] })
