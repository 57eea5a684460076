// A receiver of simple-hl7. It prints MSH-10 of each message that it takes.
//   node receiver.mjs PORT
import hl7 from 'simple-hl7'

const app = hl7.tcp()
app.use((req, res, next) => {
  console.log(String(req.msg.header.getField(8)))
  next()
})
app.use((req, res) => res.end())
app.use((err, req, res, next) => console.error('receiver:', err))
app.start(Number(process.argv[2]))
