package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"

	"handover"
	v2 "handover/fhirpath/v2"
	"handover/hl7v2"
)

// Load reads and checks the folder. Where anything is wrong the error is
// Problems, holding everything that was found, and the Site is not to be used.
func Load(folder fs.FS) (*Site, error) {
	l := loader{folder: folder, site: &Site{}}
	if err := l.files(); err != nil {
		return nil, err
	}
	if len(l.seen) == 0 {
		l.add("handover.yaml", 1, "nothing here is a configuration; a folder has handover.yaml, sources/, routes/ and destinations/")
	}
	l.site.across(&l.problems)
	if len(l.problems) > 0 {
		return l.site, l.problems.sorted()
	}
	return l.site, nil
}

type loader struct {
	folder   fs.FS
	site     *Site
	problems Problems
	seen     []string
}

func (l *loader) add(file string, line int, text string) {
	l.problems = append(l.problems, Problem{file, line, text})
}

// files reads every YAML file in the order of their names.
func (l *loader) files() error {
	digest := sha256.New()
	err := fs.WalkDir(l.folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(path.Base(name), ".") && name != "." {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !isYAML(name) {
			return nil
		}
		data, err := fs.ReadFile(l.folder, name)
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		fmt.Fprintf(digest, "%d %s %d ", len(name), name, len(data))
		digest.Write(data)
		l.file(name, data)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return &handover.Error{Op: "reading the configuration", Kind: handover.NotFound, Err: errors.New("there is no such folder")}
	}
	// A folder without handover.yaml has every default.
	if !slices.Contains(l.seen, "handover.yaml") {
		l.readSite("handover.yaml", node{line: 1, shape: emptyNode})
	}
	l.site.Release = hex.EncodeToString(digest.Sum(nil))[:12]
	return err
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// file reads one file by the folder it lies in.
func (l *loader) file(name string, data []byte) {
	tree, problems := parseYAML(name, data)
	l.problems = append(l.problems, problems...)
	l.seen = append(l.seen, name)
	if len(problems) > 0 {
		return
	}
	switch {
	case name == "handover.yaml":
		l.readSite(name, tree)
	case path.Dir(name) == "sources":
		l.readSource(name, tree)
	case path.Dir(name) == "destinations":
		l.readDestination(name, tree)
	case path.Dir(name) == "routes":
		l.readRoute(name, tree)
	default:
		l.add(name, 1, "nothing reads this file; configuration stands in handover.yaml, sources/, routes/ and destinations/")
	}
}

func (l *loader) readSite(file string, n node) {
	b, s := readBlock(file, n, siteKeys, &l.problems), l.site
	s.Name, s.HTTP, s.Database = b.text("name"), b.text("http"), b.expanded("database")
	s.Duplicates, s.LowSpace, s.VolumeSize, s.Memory = b.span("duplicates"), b.size("low_space"), b.size("volume_size"), b.size("memory")
	checkListenHost(b, "http", s.HTTP)
	retention, given := b.block("retention")
	if given {
		s.Retention = retention.span("messages")
	}
	if s.Database != "" && !strings.HasPrefix(s.Database, "postgres://") && !strings.HasPrefix(s.Database, "postgresql://") {
		b.add(b.lineOf("database"), "database: only postgres:// URLs are known; leave it out to keep everything in the data folder")
	}
	if alerts, given := b.block("alerts"); given {
		s.Alerts = readAlerts(alerts)
	}
	if t, given := b.block("telemetry"); given {
		s.Telemetry = readTelemetry(t)
	}
	s.Precedence = plain(b.texts("precedence"))
	s.precedenceLine = b.lineOf("precedence")
}

func (l *loader) readSource(file string, n node) {
	b := readBlock(file, n, sourceKeys, &l.problems)
	s := Source{
		Name: b.text("source"), Acknowledge: b.text("acknowledge"), Zone: b.zone("zone"),
		Owns: plain(b.texts("owns")), Authorities: plain(b.texts("authorities")), Snapshots: plain(b.texts("snapshot")), Allow: b.networks("allow"),
		MaxSize: b.size("max_size"), Idle: b.span("idle"), MaxConnections: b.number("max_connections"),
		Patience: b.span("patience"), Silence: readSilence(b), Late: b.span("late"), Unnumbered: b.text("sequence") == "ignore", file: file, line: b.lineOf("source"),
	}
	checkName(b, file, "source", s.Name)
	s.Listen = readListen(b)
	if t, given := b.block("tls"); given {
		s.TLS = &TLS{Certificate: t.text("certificate"), Key: t.text("key"), Clients: t.text("clients")}
		if s.Listen != nil && s.Listen.Scheme != "mllp" {
			b.add(b.lineOf("tls"), "tls: only an mllp:// listener takes it")
		}
	}
	l.site.Sources = append(l.site.Sources, s)
}

func (l *loader) readRoute(file string, n node) {
	b := readBlock(file, n, routeKeys, &l.problems)
	r := Route{
		Name: b.text("route"), From: plain(b.texts("from")), When: b.text("when"), Key: b.text("key"),
		To: readTargets(b), file: file, line: b.lineOf("from"),
	}
	checkName(b, file, "route", r.Name)
	checkExpression(b, "when", r.When)
	if a, err := hl7v2.ParseAddress(r.Key); err != nil {
		b.add(b.lineOf("key"), fmt.Sprintf("key: %v", err))
	} else if a.Field == 0 {
		b.add(b.lineOf("key"), fmt.Sprintf("key: %q names no field; write it as in PID-3", r.Key))
	}
	for _, f := range b.blocks("filters") {
		filter := Filter{f.text("filter"), f.text("when"), f.text("why")}
		checkExpression(f, "when", filter.When)
		r.Filters = append(r.Filters, filter)
	}
	l.site.Routes = append(l.site.Routes, r)
}

// readTargets reads where a route leads.
func readTargets(b block) (out []Target) {
	words, blocks := b.either("to")
	for _, w := range words {
		if w.text == "record" { // the table allows no other
			out = append(out, Target{Record: true, line: w.line})
		}
	}
	for _, t := range blocks {
		out = append(out, Target{Destination: t.text("destination"), FHIR: len(t.texts("transform")) > 0, Hold: t.text("parked") == "hold", line: t.line})
	}
	return out
}

func (l *loader) readDestination(file string, n node) {
	b := readBlock(file, n, destinationKeys, &l.problems)
	d := Destination{
		Name: b.text("destination"), Owner: b.text("owner"), Deadline: b.span("deadline"),
		Connections: b.number("connections"), Resend: b.text("unknown") == "resend", Silent: !b.flag("acknowledges"),
		Late: b.span("late"), Deep: b.number("deep"), Connect: b.span("connect"), Write: b.span("write"), Answer: b.span("answer"),
		file: file, line: b.lineOf("destination"),
	}
	checkName(b, file, "destination", d.Name)
	if d.Name == "record" {
		b.add(d.line, "destination: record is a name of Handover's own; choose another")
	}
	if _, given := b.given["owner"]; given && strings.TrimSpace(d.Owner) == "" {
		b.add(b.lineOf("owner"), "owner: nobody is named; somebody must answer for what is parked here")
	}
	if d.Connections == 0 {
		b.add(b.lineOf("connections"), "connections: at least one is needed")
	}
	if idempotent := b.flag("idempotent"); d.Resend && !idempotent {
		b.add(b.lineOf("unknown"), "unknown: resend may double a message; it needs idempotent: true, if the receiver is")
	}
	d.Send = readSend(b)
	if d.Authorization = b.expanded("authorization"); d.Authorization != "" && d.Send != nil && d.Send.Scheme != "http" && d.Send.Scheme != "https" {
		b.add(b.lineOf("authorization"), fmt.Sprintf("authorization: %s:// has none; https:// does", d.Send.Scheme))
	}
	retry, _ := b.block("retry")
	d.Retry = Retry{retry.span("first"), retry.span("most"), retry.span("give_up")}
	if d.Retry.First == 0 || d.Retry.Most < d.Retry.First {
		b.add(b.lineOf("retry"), "retry: the longest pause must not be shorter than the first, nor any last forever")
	}
	if t, given := b.block("tls"); given {
		d.TLS = readClientTLS(t, b.lineOf("tls"))
		if d.Send != nil && !slices.Contains([]string{"mllp", "https", "nats"}, d.Send.Scheme) {
			b.add(b.lineOf("tls"), fmt.Sprintf("tls: %s:// has none; mllp://, https:// and nats:// do", d.Send.Scheme))
		}
	}
	t, given := b.block("ssh")
	if given {
		d.SSH = &SSH{t.text("key"), t.expanded("password"), t.text("known_hosts")}
		if (d.SSH.Key == "") == (d.SSH.Password == "") {
			b.add(b.lineOf("ssh"), "ssh: a key or a password is needed, and not both")
		}
	}
	if sftp := d.Send != nil && d.Send.Scheme == "sftp"; d.Send != nil && sftp != given {
		b.add(b.lineOf("send"), "send: sftp:// and the block ssh: go together")
	}
	d.NATS = readNATS(b, d.Send)
	if d.Silent && d.Send != nil && d.Send.Scheme != "mllp" {
		b.add(b.lineOf("acknowledges"), fmt.Sprintf("acknowledges: by %s:// something always answers; only over mllp:// may nothing", d.Send.Scheme))
	}
	l.site.Destinations = append(l.site.Destinations, d)
}

// readSend reads how messages get to a destination.
func readSend(b block) *url.URL {
	text, line := b.text("send"), b.lineOf("send")
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "":
		b.add(line, "send: no URL; write mllp://10.1.2.3:6661, https://lab.example.org/hl7, file:///var/spool/lab, sftp://user@10.1.2.3/inbox or nats://10.1.2.3/hospital.lab")
	case u.Scheme == "nats":
		return readNATSURL(b, u)
	case u.Scheme == "file":
		if u.Host != "" || !path.IsAbs(u.Path) {
			b.add(line, fmt.Sprintf("send: %q is no folder of this machine; write file:///var/spool/lab", text))
			return nil
		}
		return u
	case u.Scheme == "sftp":
		if u.Hostname() == "" || u.User.Username() == "" || u.Path == "" {
			b.add(line, fmt.Sprintf("send: %q lacks a user, a host or a folder, as in sftp://user@10.1.2.3/inbox", u.Redacted()))
			return nil
		}
		if _, given := u.User.Password(); given {
			b.add(line, "send: no password stands here; ssh: has a key, or a password from the environment")
			return nil
		}
		return u
	case u.Scheme == "http" || u.Scheme == "https":
		if u.Hostname() == "" {
			b.add(line, fmt.Sprintf("send: %q lacks a host, as in https://lab.example.org/hl7", text))
			return nil
		}
		return u
	case u.Scheme != "mllp":
		b.add(line, fmt.Sprintf("send: %q is not a way messages are sent; there are mllp, http, https, file, sftp and nats", u.Scheme))
	case u.Hostname() == "" || u.Port() == "":
		b.add(line, fmt.Sprintf("send: %q lacks a host or a port, as in mllp://10.1.2.3:6661", text))
	default:
		return u
	}
	return nil
}

func plain(values []located) []string {
	var out []string
	for _, v := range values {
		out = append(out, v.text)
	}
	return out
}

// checkName holds a file to the name it gives itself.
func checkName(b block, file, kind, name string) {
	base := strings.TrimSuffix(strings.TrimSuffix(path.Base(file), ".yaml"), ".yml")
	if name != "" && name != base {
		b.add(b.lineOf(kind), fmt.Sprintf("%s %q stands in a file called %s; give both the same name", kind, name, path.Base(file)))
	}
}

func checkExpression(b block, key, expression string) {
	if expression == "" {
		return
	}
	if _, err := v2.Compile(expression); err != nil {
		b.add(b.lineOf(key), fmt.Sprintf("%s: %v", key, err))
	}
}

// readListen reads a source's listener.
func readListen(b block) *url.URL {
	text, line := b.text("listen"), b.lineOf("listen")
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil {
		b.add(line, "listen: no URL; write mllp://127.0.0.1:2575, http://127.0.0.1:8081/hl7 or file:///var/spool/lab")
		return nil
	}
	switch u.Scheme {
	case "mllp", "http":
		checkListenHost(b, "listen", u.Host)
	case "file":
		if u.Path == "" || u.Host != "" {
			b.add(line, "listen: a drop folder is written with three slashes: file:///var/spool/lab")
		}
	case "answers":
		if u.Host == "" || u.Path != "" || u.RawQuery != "" {
			b.add(line, "listen: the answers of a destination are written answers://lab")
			return nil
		}
		if b.text("acknowledge") != "received" {
			b.add(b.lineOf("acknowledge"), "acknowledge: answers are not acknowledged; leave it out")
		}
	default:
		b.add(line, fmt.Sprintf("listen: %q is not a way messages arrive; there are mllp, http, file and answers", u.Scheme))
		return nil
	}
	return u
}

// checkListenHost refuses what is not loopback, since anyone could send and
// read there until sign-in exists.
func checkListenHost(b block, key, hostport string) {
	line := b.lineOf(key)
	host, port, err := net.SplitHostPort(hostport)
	if err != nil || port == "" {
		b.add(line, fmt.Sprintf("%s: %q lacks a host or a port, as in 127.0.0.1:2575", key, hostport))
		return
	}
	addr, err := netip.ParseAddr(host)
	if host != "localhost" && (err != nil || !addr.IsLoopback()) {
		b.add(line, fmt.Sprintf("%s: %s is not a loopback address; others are refused until sign-in and TLS guard them", key, host))
	}
}
