// A receiver of node-hl7-server 2.5.0, which never clears its buffer: on an open
// connection the n-th message is handled, and acknowledged, together with all before
// it. It prints MSH-10 each time.
//   node faulty.mjs PORT
import { Server } from 'node-hl7-server'

const server = new Server({ bindAddress: '127.0.0.1' })
const inbound = server.createInbound({ port: Number(process.argv[2]) }, async (req, res) => {
  console.log(req.getMessage().get('MSH.10').toString())
  await res.sendResponse('AA')
})
inbound.on('data.error', (err) => console.error('faulty:', err))
