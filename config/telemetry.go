package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

func readTelemetry(b block) *Telemetry {
	t := &Telemetry{Traces: readTraces(b), Headers: readHeaders(b), Share: readShare(b)}
	if tls, given := b.block("tls"); given {
		t.TLS = readClientTLS(tls, b.lineOf("tls"))
		if strings.HasPrefix(t.Traces, "http://") {
			b.add(b.lineOf("tls"), "tls: http:// has none; https:// does")
		}
	}
	return t
}

// readTraces reads where spans go. A URL without a path gets the one that OTLP names.
func readTraces(b block) string {
	text, line := b.expanded("traces"), b.lineOf("traces")
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		b.add(line, "traces: no URL; write it as in https://collector.example.org:4318")
		return ""
	case u.User != nil:
		b.add(line, "traces: no password stands in the URL; headers: takes one, from the environment")
		return ""
	case u.Path == "" || u.Path == "/":
		u.Path = "/v1/traces"
	}
	return u.String()
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // RFC 9110, token

func readHeaders(b block) (out []Header) {
	for _, t := range b.texts("headers") {
		name, value, found := strings.Cut(t.text, ":")
		value = strings.TrimSpace(b.expand("headers", located{value, t.line}))
		if !found || !headerName.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
			b.add(t.line, "headers: no header; write it as in \"Authorization: Bearer ${COLLECTOR_TOKEN}\"")
			continue
		}
		out = append(out, Header{name, value})
	}
	return out
}

func readShare(b block) float64 {
	share, err := strconv.ParseFloat(b.text("share"), 64)
	if err != nil || !(share >= 0 && share <= 1) {
		b.add(b.lineOf("share"), fmt.Sprintf("share: %q is no share; write a number from 0 to 1, as in 0.1", b.text("share")))
		return 0
	}
	return share
}

func readClientTLS(b block, line int) *ClientTLS {
	t := &ClientTLS{b.text("authorities"), b.text("name"), b.text("certificate"), b.text("key")}
	if (t.Certificate == "") != (t.Key == "") {
		b.add(line, "tls: a certificate and its key go together")
	}
	return t
}
