package config

// Shape is what kind of value a key takes.
type Shape string

// The shapes of values.
const (
	Word   Shape = "word"            // a name: letters, digits, - and _
	Line   Shape = "text"            // any single value
	Flag   Shape = "flag"            // true or false
	Number Shape = "number"          // a whole number, at least 0
	Span   Shape = "span"            // a span of time: 30s, 15m, 24h, 90d, or forever
	Bytes  Shape = "size"            // an amount of bytes: 512, 64KB, 100MB, 2GB
	Words  Shape = "list"            // a list of words, or one word
	Lines  Shape = "texts"           // a list of values, or one
	Block  Shape = "block"           // keys below it
	Blocks Shape = "blocks"          // a list of blocks
	Either Shape = "words or blocks" // a list of words and blocks, or one word
)

// Key is one key of a configuration file: what stands in this table is all
// that may be written.
type Key struct {
	Name     string
	Shape    Shape
	Default  string // as it would be written; "" where there is none
	Required bool
	Values   []string // the only values allowed, if any
	Says     string   // what it means, for the reference and the schema
	Keys     []Key    // of Block, Blocks and Either
}

// File is one kind of configuration file.
type File struct {
	Kind   string // "handover", "source" ...
	Folder string // "" for handover.yaml
	Says   string
	Keys   []Key
}

// Files lists every kind of file and every key.
var Files = []File{
	{Kind: "handover", Says: "The site as a whole. Every key may be left out.", Keys: siteKeys},
	{Kind: "source", Folder: "sources", Says: "One system that sends messages.", Keys: sourceKeys},
	{Kind: "destination", Folder: "destinations", Says: "One system that messages are sent to.", Keys: destinationKeys},
	{Kind: "route", Folder: "routes", Says: "Which messages go where.", Keys: routeKeys},
}

var siteKeys = []Key{
	{Name: "name", Shape: Line, Says: "The site's name, for people."},
	{Name: "http", Shape: Line, Default: "127.0.0.1:8080", Says: "Where the FHIR server and the admin API listen. Only loopback addresses are allowed until sign-in exists."},
	{Name: "database", Shape: Line, Says: "A postgres:// URL; without it everything is kept in the data folder. Takes ${NAME} from the environment, so that no password stands here."},
	{Name: "retention", Shape: Block, Says: "How long bodies are kept. Headers and digests stay.", Keys: []Key{
		{Name: "messages", Shape: Span, Default: "forever", Says: "Bodies of received messages."},
	}},
	{Name: "duplicates", Shape: Span, Default: "24h", Says: "How far back a message with the same source, MSH-10 and bytes counts as sent again."},
	{Name: "low_space", Shape: Bytes, Default: "512MB", Says: "Below this much free disk no more messages are taken in; reading, outcomes and retention go on."},
	{Name: "volume_size", Shape: Bytes, Default: "1GB", Says: "Size at which a volume of the journal is sealed and the next begins."},
	{Name: "memory", Shape: Bytes, Default: "64MB", Says: "How much memory messages in the hand may take together; senders wait beyond it."},
	{Name: "alerts", Shape: Block, Says: "Who hears of what is not as it should be, beside the log: when it begins, and when it is over.", Keys: []Key{
		{Name: "webhook", Shape: Line, Says: "A URL to which each notice is posted as JSON. Takes ${NAME} from the environment."},
		{Name: "email", Shape: Block, Says: "Notices as e-mail.", Keys: []Key{
			{Name: "to", Shape: Lines, Required: true, Says: "Addresses."},
			{Name: "from", Shape: Line, Required: true, Says: "The sender's address."},
			{Name: "server", Shape: Line, Required: true, Says: "The mail server, as in mail.example.org:587. STARTTLS is used where it offers it."},
			{Name: "user", Shape: Line, Says: "Where the server asks for one."},
			{Name: "password", Shape: Line, Says: "Takes ${NAME} from the environment, so that none stands here."},
		}},
	}},
	{Name: "telemetry", Shape: Block, Says: "Who is told of the way of each message, as OpenTelemetry traces. Nothing of what a message says is in them. Without this block nobody is.", Keys: []Key{
		{Name: "traces", Shape: Line, Required: true, Says: "The collector's URL, as in https://collector.example.org:4318. Spans are posted there by OTLP (HTTP, protobuf), to /v1/traces where the URL has no path. Takes ${NAME} from the environment."},
		{Name: "headers", Shape: Lines, Says: "What goes with each request, as in \"Authorization: Bearer ${COLLECTOR_TOKEN}\". Takes ${NAME} from the environment, so that no secret stands here."},
		{Name: "share", Shape: Line, Default: "1.0", Says: "What share of the traces is told, from 0 to 1: all of a message's trace, or none of it. A message that comes with a traceparent is told if that says so."},
		{Name: "tls", Shape: Block, Says: "TLS to the collector, where the system's authorities are not enough.", Keys: clientTLSKeys},
	}},
	{Name: "precedence", Shape: Words, Says: "Sources in the order in which their word counts, where two own the same type or element: [pas, clinic]."},
}

var sourceKeys = []Key{
	{Name: "source", Shape: Word, Required: true, Says: "Its name; the file has the same name."},
	{Name: "listen", Shape: Line, Required: true, Says: "How its messages arrive: mllp://127.0.0.1:2575, http://127.0.0.1:8081/hl7 or file:///var/spool/lab; answers://lab is what the destination lab answers to what it is sent."},
	{Name: "acknowledge", Shape: Word, Default: "received", Values: []string{"received", "recorded", "delivered", "relayed"}, Says: "When the sender hears AA: received, once the message is synced to disk; recorded, once it is in the record; delivered, once every destination that it goes to has accepted it. relayed: as received, but who asks for an accept and an application acknowledgement (MSH-15, MSH-16) is given the first only, since the second comes back from the receiver by a route from answers://."},
	{Name: "patience", Shape: Span, Default: "30s", Says: "How long the sender is kept waiting where acknowledge is not received. Then it hears AE, keeps its message and sends it again; it is known as the same, and waited for again."},
	{Name: "zone", Shape: Line, Says: "Time zone of times without an offset, as in Europe/London. Without it such times keep only their date."},
	{Name: "owns", Shape: Lines, Says: "Types or elements for which its word counts: Patient, Patient.telecom."},
	{Name: "authorities", Shape: Lines, Says: "Assigning authorities of identifiers, most trusted first."},
	{Name: "snapshot", Shape: Words, Values: []string{"NK1", "DG1"}, Says: "Repeating segments of which each message that has one lists all: what an earlier one listed, and it does not, is taken off the patient's contacts (NK1) or the visit's diagnoses (DG1). Without it absence says nothing."},
	{Name: "allow", Shape: Lines, Says: "Addresses or networks that may connect: 10.1.0.0/16. Without it any that can reach the listener."},
	{Name: "silence", Shape: Line, Default: "auto", Says: "How long it may send nothing before an alert is raised: a span (30m), never, or auto: by what came in the same hours of the weeks before; of a new source, after 72h."},
	{Name: "sequence", Shape: Word, Default: "auto", Values: []string{"auto", "ignore"}, Says: "auto: if its messages are numbered (MSH-13), an alert is raised for numbers that it leaves out. ignore: it is not."},
	{Name: "late", Shape: Span, Default: "5m", Says: "An alert is raised when a message of it has been kept for so long and is not in the record yet."},
	{Name: "max_size", Shape: Bytes, Default: "100MB", Says: "A larger message is refused."},
	{Name: "idle", Shape: Span, Default: "5m", Says: "A connection on which nothing arrives for so long is closed."},
	{Name: "max_connections", Shape: Number, Default: "256", Says: "More connections than this wait or are closed."},
	{Name: "tls", Shape: Block, Says: "TLS on the listener.", Keys: []Key{
		{Name: "certificate", Shape: Line, Required: true, Says: "PEM file of the certificate chain."},
		{Name: "key", Shape: Line, Required: true, Says: "PEM file of the private key."},
		{Name: "clients", Shape: Line, Says: "PEM file of the authorities that sign clients' certificates; with it every client must show one."},
	}},
}

var destinationKeys = []Key{
	{Name: "destination", Shape: Word, Required: true, Says: "Its name; the file has the same name."},
	{Name: "send", Shape: Line, Required: true, Says: "How messages get there: mllp://10.1.2.3:6661; https://lab.example.org/hl7, a POST for each; file:///var/spool/lab, a file for each; sftp://user@10.1.2.3/inbox, a file for each; nats://10.1.2.3:4222/hospital.lab.results, to the stream of NATS JetStream that takes this subject."},
	{Name: "authorization", Shape: Line, Says: "Where send is https:// or http://: sent as the header Authorization, as in Bearer ${PORTAL_TOKEN}. ${NAME} is taken from the environment, so that no secret stands here."},
	{Name: "owner", Shape: Line, Required: true, Says: "Who answers for what is parked here: a person, a team, an address. Nothing waits without somebody who knows of it."},
	{Name: "deadline", Shape: Span, Default: "4h", Says: "How long the owner has for what is parked."},
	{Name: "connections", Shape: Number, Default: "1", Says: "How many connections send at the same time. Messages of one key go one after the other, however many there are."},
	{Name: "idempotent", Shape: Flag, Default: "false", Says: "Whether the receiver knows a message that comes twice by its MSH-10, and takes it once. A stream of NATS knows the same bytes, within its duplicate window."},
	{Name: "acknowledges", Shape: Flag, Default: "true", Says: "false for a receiver by MLLP that is sent messages which ask for no answer, as acknowledgements are: what was written to the connection counts as accepted then, though nobody knows whether it came. Other messages are waited for all the same."},
	{Name: "unknown", Shape: Word, Default: "hold", Values: []string{"hold", "resend"}, Says: "What to do when a message was sent and no answer says whether it was kept: hold parks it for a person; resend sends the same bytes again, and needs idempotent: true."},
	{Name: "connect", Shape: Span, Default: "10s", Says: "How long connecting may take, TLS included."},
	{Name: "write", Shape: Span, Default: "30s", Says: "How long the receiver may take no bytes of a message; of mllp only."},
	{Name: "answer", Shape: Span, Default: "60s", Says: "How long its answer may take."},
	{Name: "late", Shape: Span, Default: "15m", Says: "An alert is raised when a message has waited for so long."},
	{Name: "deep", Shape: Number, Default: "10000", Says: "An alert is raised when more messages wait; 0: never."},
	{Name: "retry", Shape: Block, Says: "How often sending is tried again after it failed. What is rejected is never tried again.", Keys: []Key{
		{Name: "first", Shape: Span, Default: "1s", Says: "The first pause; each later one is twice as long, give or take a quarter."},
		{Name: "most", Shape: Span, Default: "5m", Says: "The longest pause."},
		{Name: "give_up", Shape: Span, Default: "forever", Says: "A message that could not be sent for so long is parked."},
	}},
	{Name: "ssh", Shape: Block, Says: "How we sign in where send is sftp://.", Keys: []Key{
		{Name: "key", Shape: Line, Says: "File of our private key, without a passphrase."},
		{Name: "password", Shape: Line, Says: "In place of a key. Takes ${NAME} from the environment, so that none stands here."},
		{Name: "known_hosts", Shape: Line, Required: true, Says: "File that has the server's host key, as ssh-keyscan prints it. A server that is not in it gets nothing."},
	}},
	{Name: "nats", Shape: Block, Says: "How we sign in where send is nats://: credentials, a user with a password, or a token. Without it nobody signs in.", Keys: []Key{
		{Name: "credentials", Shape: Line, Says: "File with a user's JWT and key (.creds). It is read again for each connection."},
		{Name: "user", Shape: Line, Says: "A user of the server's configuration."},
		{Name: "password", Shape: Line, Says: "The user's. Takes ${NAME} from the environment, so that none stands here."},
		{Name: "token", Shape: Line, Says: "Takes ${NAME} from the environment, so that none stands here."},
	}},
	{Name: "tls", Shape: Block, Says: "TLS on the connection; an empty block takes the system's authorities.", Keys: clientTLSKeys},
}

var clientTLSKeys = []Key{
	{Name: "authorities", Shape: Line, Says: "PEM file of the authorities that sign the receiver's certificate; without it the system's."},
	{Name: "name", Shape: Line, Says: "The name in the receiver's certificate, where it is not the host in the URL."},
	{Name: "certificate", Shape: Line, Says: "PEM file of our own certificate chain, for receivers that ask for one."},
	{Name: "key", Shape: Line, Says: "PEM file of its private key."},
}

var routeKeys = []Key{
	{Name: "route", Shape: Word, Required: true, Says: "Its name; the file has the same name."},
	{Name: "from", Shape: Words, Required: true, Says: "The sources whose messages it looks at."},
	{Name: "when", Shape: Line, Says: "FHIRPath over the message; the route takes it where this is true: v2('MSH-9.1') = 'ADT'. Without it, every message."},
	{Name: "key", Shape: Line, Default: "PID-3", Says: "v2 address of the ordering key: messages with the same key go one after the other."},
	{Name: "filters", Shape: Blocks, Says: "Messages the route takes out, each rule with a name that the balance shows.", Keys: []Key{
		{Name: "filter", Shape: Word, Required: true, Says: "The rule's name."},
		{Name: "when", Shape: Line, Required: true, Says: "FHIRPath; a message for which it is true is filtered."},
		{Name: "why", Shape: Line, Required: true, Says: "Why such messages are not wanted, for whoever asks later."},
	}},
	{Name: "to", Shape: Either, Required: true, Values: []string{"record"}, Says: "Where it leads: record turns v2 into FHIR and writes it to the record; `destination: NAME` sends the message there as it came, or with `transform: [fhir]` what it changed in the record, as a FHIR transaction.", Keys: []Key{
		{Name: "destination", Shape: Word, Required: true, Says: "The destination's name."},
		{Name: "transform", Shape: Words, Values: []string{"fhir"}, Says: "fhir: what the record says of the resources that the message changed, as a transaction to the FHIR server whose base is the destination's `send: https://...`. The route must lead to the record too."},
		{Name: "parked", Shape: Word, Default: "pass", Values: []string{"pass", "hold"}, Says: "What becomes of later messages of the same key while one is parked: pass, they go on; hold, they wait."},
	}},
}
