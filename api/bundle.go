package api

import (
	"net/http"
	"strconv"
	"time"

	"handover/record"
)

// bundle is a list of resources on its way out (FHIR R4 §2.36).
type bundle struct {
	kind    string // searchset or history
	total   int    // -1: not known
	links   []link
	entries []record.Resource
}

type link struct{ relation, url string }

// appendTo writes the bundle. Resources go in as the record keeps them, so that
// numbers keep their digits.
func (b bundle) appendTo(dst []byte, base string) []byte {
	dst = append(dst, `{"resourceType":"Bundle","type":"`...)
	dst = append(dst, b.kind...)
	dst = append(dst, '"')
	if b.total >= 0 {
		dst = append(dst, `,"total":`...)
		dst = strconv.AppendInt(dst, int64(b.total), 10)
	}
	for i, l := range b.links {
		dst = append(dst, separator(i, `,"link":[`)...)
		dst = append(dst, `{"relation":"`...)
		dst = append(dst, l.relation...)
		dst = append(dst, `","url":`...)
		dst = append(dst, encode(l.url)...)
		dst = append(dst, '}')
	}
	dst = closing(dst, len(b.links))
	for i, v := range b.entries {
		dst = append(dst, separator(i, `,"entry":[`)...)
		dst = b.appendEntry(dst, base, v)
	}
	dst = closing(dst, len(b.entries))
	return append(dst, '}')
}

// separator is what stands before the i-th item of a list: FHIR has no empty
// ones.
func separator(i int, opening string) string {
	if i == 0 {
		return opening
	}
	return ","
}

func closing(dst []byte, items int) []byte {
	if items > 0 {
		dst = append(dst, ']')
	}
	return dst
}

func (b bundle) appendEntry(dst []byte, base string, v record.Resource) []byte {
	dst = append(dst, `{"fullUrl":`...)
	dst = append(dst, encode(base+"/"+v.Type+"/"+v.ID)...)
	if v.Content != nil {
		content := v.Content
		if v.Type == "Binary" {
			content = withoutData(content)
		}
		dst = append(append(dst, `,"resource":`...), content...)
	}
	if b.kind == "searchset" {
		return append(dst, `,"search":{"mode":"match"}}`...)
	}
	return append(appendHistory(dst, v), '}')
}

// appendHistory says by what each version came to be (FHIR R4 §3.1.0.10: as if
// a client had written it).
func appendHistory(dst []byte, v record.Resource) []byte {
	method, url, status := http.MethodPut, v.Type+"/"+v.ID, "200"
	switch {
	case v.Content == nil:
		method, status = http.MethodDelete, "204"
	case v.Version == 1:
		method, url, status = http.MethodPost, v.Type, "201"
	}
	dst = append(dst, `,"request":{"method":"`+method+`","url":"`+url+`"},"response":{"status":"`+status+`","etag":`...)
	dst = append(dst, encode(etag(v.Version))...)
	dst = append(dst, `,"lastModified":"`...)
	return append(append(dst, instant(v.LastUpdated)...), `"}`...)
}

// instant writes a time as FHIR's type instant.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
