package config

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// natsSubject returns the subject that a nats:// URL names.
func natsSubject(u *url.URL) string { return strings.TrimPrefix(u.Path, "/") }

// readNATSURL reads where messages go by NATS; nil if it cannot be used.
func readNATSURL(b block, u *url.URL) *url.URL {
	line := b.lineOf("send")
	if u.Hostname() == "" || natsSubject(u) == "" {
		b.add(line, fmt.Sprintf("send: %q lacks a host or a subject, as in nats://10.1.2.3:4222/hospital.lab.results", u.Redacted()))
		return nil
	}
	if u.User != nil {
		b.add(line, "send: no user, password or token stands here; nats: has them")
		return nil
	}
	if why := wrongSubject(u); why != "" {
		b.add(line, fmt.Sprintf("send: %s; a subject is words with dots between, as in hospital.lab.results", why))
		return nil
	}
	return u
}

// wrongSubject says why nothing can be published on the subject, or nothing sensibly.
func wrongSubject(u *url.URL) string {
	subject := natsSubject(u)
	switch {
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "? and # begin no part of a subject"
	case strings.ContainsAny(subject, "*>"):
		return "the subject has a wildcard, and a message goes to one subject"
	case strings.ContainsFunc(subject, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar }):
		return "the subject has a space or a character that cannot be printed"
	case strings.HasPrefix(subject, ".") || strings.HasSuffix(subject, ".") || strings.Contains(subject, ".."):
		return "the subject has an empty word"
	case strings.HasPrefix(subject, "$SYS.") || strings.HasPrefix(subject, "$JS.") || strings.HasPrefix(subject, "_INBOX."):
		return "the subject is one of the server's own"
	}
	return ""
}

// readNATS reads how we sign in there; nil where nobody need.
func readNATS(b block, send *url.URL) *NATS {
	t, given := b.block("nats")
	if !given {
		return nil
	}
	if send != nil && send.Scheme != "nats" {
		b.add(b.lineOf("nats"), fmt.Sprintf("nats: %s:// has none; nats:// does", send.Scheme))
	}
	n := &NATS{t.text("credentials"), t.text("user"), t.expanded("password"), t.expanded("token")}
	ways := 0
	for _, given := range []bool{n.Credentials != "", n.User != "" || n.Password != "", n.Token != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		b.add(b.lineOf("nats"), "nats: credentials, a user with a password, or a token: one of them is needed, and only one")
	case (n.User == "") != (n.Password == ""):
		b.add(b.lineOf("nats"), "nats: a user and a password go together")
	}
	return n
}
