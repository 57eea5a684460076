package embedded

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strconv"
	"strings"

	"handover/hl7v2"
)

// Least is the length in bytes from which the data of an ED is taken out. What
// is shorter stays in the resource that it came for.
const Least = 256 << 10

// Unknown is the media type of documents of which the message states none (RFC
// 2046 §4.5.1: data of no known type).
const Unknown = "application/octet-stream"

// Document is the data of one ED (HL7 v2.9 §2A.2.25) that was taken out.
type Document struct {
	Fields    []string // where it stood: "OBX[3]-5.5"
	MediaType string   // as ED.2 and ED.3 state it, else Unknown
	Digest    [sha256.Size]byte
	encoded   []byte // base64, a part of the message
}

// Link is what stands in the place of the content in everything that is made of
// the message: "urn:handover:document:" and the SHA-256 of the content in
// hexadecimal digits.
func (d *Document) Link() string { return Scheme + hex.EncodeToString(d.Digest[:]) }

// Scheme begins every link to a document.
const Scheme = "urn:handover:document:"

// Linked returns the digest that a link names.
func Linked(link string) (digest [sha256.Size]byte, ok bool) {
	text, ok := strings.CutPrefix(link, Scheme)
	if !ok || len(text) != hex.EncodedLen(len(digest)) {
		return digest, false
	}
	_, err := hex.Decode(digest[:], []byte(text))
	return digest, err == nil
}

var dataLink = []byte(`"data":"` + Scheme)

// SplitLink returns what stands before the value of a Binary's data (FHIR R4 Binary, in
// JSON without white space), the link in it, and what stands behind; no link where data
// is not one.
func SplitLink(binary []byte) (before []byte, link string, after []byte) {
	at := bytes.Index(binary, dataLink)
	if at < 0 {
		return binary, "", nil
	}
	at += len(`"data":"`)
	end := at + bytes.IndexByte(binary[at:], '"')
	return binary[:at], string(binary[at:end]), binary[end:]
}

// WriteTo writes the document's content.
func (d *Document) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, base64.NewDecoder(base64.StdEncoding, bytes.NewReader(d.encoded)))
}

// Cut returns the message without the long documents that its OBX segments hold
// in base64, and those documents, each once. In the place of each stands its
// link, in base64 too. What cannot be decoded stays.
func Cut(m *hl7v2.Message) (*hl7v2.Message, []Document) {
	if len(m.Bytes()) < Least {
		return m, nil // nearly all messages
	}
	var docs []Document
	rest, n := m, 0
	for obx := range m.All("OBX") {
		n++
		if obx.Field(2).Text() != "ED" {
			continue
		}
		for r := 1; r <= obx.Field(5).Repetitions(); r++ {
			d, ok := documentOf(obx.Field(5).Repetition(r), n, r)
			if !ok {
				continue
			}
			// It holds no delimiter, so there is nothing that could go wrong.
			if cut, err := rest.SetRaw(d.Fields[0], d.marker()); err == nil {
				rest, docs = cut, add(docs, d)
			}
		}
	}
	return rest, docs
}

// add adds a document that is not there yet, or the place where it stands again.
func add(docs []Document, d Document) []Document {
	for i := range docs {
		if docs[i].Digest == d.Digest {
			docs[i].Fields = append(docs[i].Fields, d.Fields...)
			return docs
		}
	}
	return append(docs, d)
}

func documentOf(ed hl7v2.Value, segment, repetition int) (d Document, ok bool) {
	encoded := ed.Component(5).Raw()
	if len(encoded) < Least || !strings.EqualFold(ed.Component(4).Text(), "Base64") {
		return d, false
	}
	d = Document{
		Fields:    []string{"OBX" + nth(segment) + "-5" + nth(repetition) + ".5"},
		MediaType: cmp.Or(hl7v2.MediaType(ed.Component(2).Text(), ed.Component(3).Text()), Unknown),
		encoded:   encoded,
	}
	hash := sha256.New()
	if _, err := d.WriteTo(hash); err != nil {
		return d, false
	}
	hash.Sum(d.Digest[:0])
	return d, true
}

// nth is an index as addresses have it: none for the first.
func nth(n int) string {
	if n == 1 {
		return ""
	}
	return "[" + strconv.Itoa(n) + "]"
}

func (d *Document) marker() []byte {
	return base64.StdEncoding.AppendEncode(nil, []byte(d.Link()))
}
