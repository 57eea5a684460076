package meaning

import (
	"context"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"handover"
	"handover/bodies"
	"handover/config"
	"handover/hl7v2"
	"handover/internal/store"
	"handover/record"
	"handover/transform/v2fhir"
)

// siteKey makes the ids in every test.
var siteKey = []byte("a key for tests, which opens nothing")

// readSite reads testdata/hospital with the story's own files over it.
func readSite(t testing.TB, story *txtar.Archive) *config.Site {
	t.Helper()
	folder := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("testdata/hospital"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path.Join("testdata/hospital", name))
		folder[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range story.Files {
		if strings.HasSuffix(f.Name, ".yaml") {
			folder[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	site, err := config.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// hospital is a record, those who speak to it, and a list of facts that stands
// for the journal.
type hospital struct {
	t          testing.TB
	record     *record.Record
	converters map[string]*v2fhir.Converter
	entries    []handover.Entry
	heard      []heard
}

// heard is one message and what became of it.
type heard struct {
	name     string
	offset   handover.Offset
	asserted handover.Assertions
	problems []handover.Problem
	writes   handover.Writes
}

func openHospital(t testing.TB, site *config.Site) *hospital {
	t.Helper()
	h := &hospital{t: t, converters: map[string]*v2fhir.Converter{}}
	for _, s := range site.Sources {
		h.converters[s.Name] = v2fhir.New(v2fhir.Config{Source: s.Name, Zone: s.Zone, Authorities: s.Authorities, Snapshots: s.Snapshots})
	}
	h.record = h.open(rulesOf(site))
	return h
}

// rulesOf tells the record whose word counts, as the engine does.
func rulesOf(site *config.Site) record.Rules {
	r := record.Rules{Owns: map[string][]string{}, Precedence: site.Precedence, Authorities: map[string][]string{}}
	for _, s := range site.Sources {
		r.Owns[s.Name], r.Authorities[s.Name] = s.Owns, s.Authorities
	}
	return r
}

func (h *hospital) open(rules record.Rules) *record.Record {
	h.t.Helper()
	r, err := record.Open(context.Background(), record.Config{
		Place: store.Place{Dir: h.t.TempDir()}, SiteKey: siteKey, Rules: rules, Fact: h.fact,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := r.Close(); err != nil {
			h.t.Error(err)
		}
	})
	return r
}

// fact reads one of the facts, as a journal would.
func (h *hospital) fact(_ context.Context, o handover.Offset) (handover.Entry, error) {
	if o < 1 || int(o) > len(h.entries) {
		return handover.Entry{}, &handover.Error{Op: "reading a fact", Kind: handover.NotFound}
	}
	return h.entries[o-1], nil
}

// hear takes in one message: converted, composed, kept as facts and applied.
func (h *hospital) hear(m message) {
	h.t.Helper()
	c := h.converters[m.source]
	if c == nil {
		h.t.Fatalf("%s: the hospital has no source %q", m.name, m.source)
	}
	parsed, problems := hl7v2.Parse(m.data)
	if parsed == nil || len(problems) > 0 {
		h.t.Fatalf("%s cannot be read whole: %v", m.name, problems)
	}
	said := heard{name: m.name, offset: handover.Offset(len(h.entries) + 1)}
	said.asserted, said.problems = c.Convert(parsed)
	var err error
	if said.writes, err = h.record.Compose(context.Background(), said.offset, said.asserted); err != nil {
		h.t.Fatalf("%s: %v", m.name, err)
	}
	h.heard = append(h.heard, said)
	h.keep(said)
}

// keep writes the facts down and applies them.
func (h *hospital) keep(said heard) {
	h.t.Helper()
	at := time.Date(2031, 1, 1, 0, 0, int(said.offset), 0, time.UTC)
	first := len(h.entries)
	add := func(kind handover.FactKind, cause handover.Offset, body []byte) {
		h.entries = append(h.entries, handover.Entry{
			Offset: handover.Offset(len(h.entries) + 1), Body: handover.Body{Bytes: body},
			Header: handover.Header{Kind: kind, Time: at, Source: said.asserted.Source, Cause: cause, Format: bodies.MediaType},
		})
	}
	shapes, asserted, written, _ := h.record.Facts(nil, said.offset, &said.asserted, &said.writes)
	add(handover.Received, 0, nil)
	if shapes != nil {
		add(handover.Shaped, 0, shapes)
	}
	add(handover.Asserted, said.offset, asserted)
	add(handover.Written, said.offset, written)
	if err := h.record.Apply(context.Background(), h.entries[first:]); err != nil {
		h.t.Fatalf("%s: %v", said.name, err)
	}
}

// rebuilt returns a record that was made from the facts alone, at once.
func (h *hospital) rebuilt() *hospital {
	h.t.Helper()
	again := *h
	again.record = h.open(record.Rules{})
	if err := again.record.Apply(context.Background(), h.entries); err != nil {
		h.t.Fatalf("rebuilding from the facts: %v", err)
	}
	return &again
}

// resources returns the current version of everything that was ever written, in
// the order in which it was first written. What turned out to be one with
// another resource reads as that one, which counts once.
func (h *hospital) resources() []record.Resource {
	h.t.Helper()
	var out []record.Resource
	seen := map[string]bool{}
	for _, said := range h.heard {
		for _, w := range said.writes.Writes {
			if seen[w.Type+"/"+w.ID] {
				continue
			}
			seen[w.Type+"/"+w.ID] = true
			v, err := h.record.Read(context.Background(), handover.Everything(handover.Engine), 0, w.Type, w.ID)
			if err != nil {
				h.t.Fatal(err)
			}
			if slices.ContainsFunc(out, func(o record.Resource) bool { return o.Type == v.Type && o.ID == v.ID }) {
				continue
			}
			out = append(out, v)
		}
	}
	return out
}
