// The core of the suite with peers that have nothing but WebSockets.
import { coreSuite } from './core-suite.ts'

coreSuite('over WebSockets alone', { peers: 3, carriers: ['ws'] })
