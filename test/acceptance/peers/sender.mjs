// A sender of node-hl7-client: it sends messages over one connection, each after the
// answer to the one before, and prints MSA-1 and MSA-2 of each answer.
//   node sender.mjs PORT COUNT
import { Client, Message } from 'node-hl7-client'

const [port, count] = process.argv.slice(2).map(Number)
const client = new Client({ host: '127.0.0.1' })
let sent = 0

const next = async () => {
  if (sent === count) {
    await connection.close()
    process.exit(0)
  }
  sent++
  const patient = `90010${sent % 5}^^^PEER^MR`
  await connection.sendMessage(new Message({
    text: [
      `MSH|^~\\&|PEER|TEST|HANDOVER|TEST|2026030208${String(sent).padStart(4, '0')}||ADT^A08^ADT_A01|PEER${sent}|P|2.5.1`,
      `EVN||20260302080000`,
      `PID|1||${patient}||Testperson^Peer^${sent}||19700214|F`,
      'PV1|1|N'
    ].join('\r')
  }))
}

const connection = client.createConnection({ port }, async (answer) => {
  const message = answer.getMessage()
  console.log(message.get('MSA.1').toString(), message.get('MSA.2').toString())
  await next()
})
connection.on('connect', next)
connection.on('client.error', (err) => console.error('sender:', err))
