package torture

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The sources: one hears AA once a message is synced, the other once it is in the
// record.
var acknowledges = []struct{ source, when string }{{"now", "received"}, {"later", "recorded"}}

// answerWithin is how long the engine that is killed waits for a receiver.
const answerWithin = 200 * time.Millisecond

// The destinations of the killed engine.
var destinations = []struct {
	Destination
	settings string
}{
	{Destination{Name: "careful"}, "unknown: hold\nconnections: 4\n"},
	{Destination{Name: "again", Repeats: true}, "unknown: resend\nidempotent: true\nconnections: 4\n"},
	{Destination{Name: "down"}, "unknown: hold\nconnections: 2\n"},
	{Destination{Name: "sealed", From: []string{"later"}, Shut: true}, "unknown: hold\nconnections: 1\nconnect: 300ms\ntls: {}\n"},
}

// configuration are the files of a configuration: the sources at their addresses, the
// record, and what more there is.
func configuration(http string, sources []Address, more map[string]string) map[string]string {
	files := map[string]string{
		"handover.yaml":      "name: Torture\nhttp: " + http + "\nvolume_size: 4MB\nlow_space: 64MB\n",
		"routes/record.yaml": "route: record\nfrom: [now, later]\nto: record\n",
	}
	for i, s := range sources {
		files["sources/"+s.Name+".yaml"] = fmt.Sprintf("source: %s\nlisten: mllp://%s\nacknowledge: %s\nauthorities: [TEST]\n",
			s.Name, s.Host, acknowledges[i].when)
	}
	for name, text := range more {
		files[name] = text
	}
	return files
}

// destinationFile is the configuration of a destination.
func destinationFile(name, address string, answer time.Duration, settings string) string {
	return fmt.Sprintf("destination: %s\nsend: mllp://%s\nowner: the torture\nanswer: %dms\nwrite: 500ms\nretry:\n  first: 20ms\n  most: 200ms\n%s",
		name, address, answer.Milliseconds(), settings)
}

// writeFiles writes a configuration folder.
func writeFiles(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// freeAddresses finds loopback ports that nobody uses. They lie below those that the
// system gives to whoever connects: while the engine is dead, nothing else may get its
// port.
func freeAddresses(n int) (out []string, err error) {
	tried := map[int]bool{}
	for range 10_000 {
		port := 10_000 + rand.IntN(20_000)
		if tried[port] {
			continue
		}
		tried[port] = true
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		if out = append(out, l.Addr().String()); len(out) == n {
			return out, nil
		}
	}
	return nil, errors.New("no free ports on 127.0.0.1")
}
