package record

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"handover"
	"handover/internal/rawjson"
	"handover/internal/store"
)

// Heard is a current resource, and how one source is heard in it.
type Heard struct {
	Resource
	Spoke bool      // the source has spoken of it
	Said  time.Time // when what the source said last happened; zero: it gave no time
	// Identifiers are those of the content, and those that the source gave where
	// another's word stands there: system|value, as FHIR's token search has it.
	Identifiers []string
}

// Spoke returns for each resource the sources that have spoken of its patient, or of
// itself where it has none, by name.
func (r *Record) Spoke(ctx context.Context, list []Resource) ([][]string, error) {
	asked := make([]ref, len(list))
	var want []ref
	for i, v := range list {
		asked[i] = ref{v.Type, v.ID}
		if v.patient != "" {
			asked[i] = ref{"Patient", v.patient}
		}
		if !slices.Contains(want, asked[i]) {
			want = append(want, asked[i])
		}
	}
	states, err := r.loadStates(ctx, want)
	if err != nil {
		return nil, &handover.Error{Op: "reading who spoke of a patient", Kind: kindOf(err), Err: err}
	}
	out := make([][]string, len(list))
	for i, of := range asked {
		if s := states[of]; s != nil {
			out[i] = s.sources()
		}
	}
	return out, nil
}

// heardAtOnce is how many resources Heard reads in one transaction.
const heardAtOnce = 256

// Heard calls fn for every current resource of a type that the reader may see, in the
// order in which facts first spoke of them, once everything up to atLeast is applied.
// It reads a few at a time, so that what is
// written meanwhile is not held up, and may or may not be among them.
func (r *Record) Heard(ctx context.Context, access handover.Access, atLeast handover.Offset, resourceType, source string, fn func(Heard) error) error {
	const op = "reading what a source said"
	if err := r.applied.wait(ctx, atLeast); err != nil {
		return err
	}
	for after := int64(0); ; {
		var page []Heard
		err := r.db.Read(ctx, func(tx *store.Tx) error {
			rows, err := r.query(ctx, tx, `SELECT `+foundColumns+` FROM resource r JOIN pack k ON k.pack = r.pack LEFT JOIN resource p ON p.rid = r.patient
				WHERE r.rid > ? AND r.type = ? AND r.version > 0 AND r.place >= 0 ORDER BY r.rid LIMIT ?`,
				[]any{after, r.names.id(resourceType), heardAtOnce})
			if err != nil || len(rows) == 0 {
				after = end
				return err
			}
			after = rows[len(rows)-1].rid
			page, err = r.heard(ctx, tx, source, r.visible(access, rows))
			return err
		})
		if err != nil {
			return &handover.Error{Op: op, Kind: kindOf(err), Err: err}
		}
		for _, h := range page {
			if err := fn(h); err != nil {
				return err
			}
		}
		if after == end {
			return nil
		}
	}
}

func (r *Record) heard(ctx context.Context, tx *store.Tx, source string, rows []found) ([]Heard, error) {
	list, err := r.fill(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	keys := make([]int64, 0, 2*len(rows))
	for _, f := range rows {
		keys = append(keys, f.pack, f.held)
	}
	packs, err := r.readPacks(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	out := make([]Heard, len(rows))
	for i, f := range rows {
		s, err := f.state(packs)
		if err != nil {
			return nil, err
		}
		out[i] = s.heard(source)
		out[i].Resource = list[i]
	}
	return out, nil
}

// heard says how a source is heard in the state.
func (s *state) heard(source string) Heard {
	h := Heard{Spoke: slices.ContainsFunc(s.voices, func(v voice) bool { return v.source == source })}
	rawjson.Members(s.content, func(name, value []byte) {
		if string(name) == "identifier" {
			h.identify(value)
		}
	})
	for _, e := range s.elements {
		for i := range e.items {
			it := &e.items[i]
			if it.stamp.source != source {
				continue
			}
			if event := time.UnixMicro(it.stamp.event).UTC(); it.stamp.event != micro(time.Time{}) && event.After(h.Said) {
				h.Said = event
			}
			if e.name == "identifier" && !it.removed {
				h.identify(it.value)
			}
		}
	}
	return h
}

// identify adds the identifiers of a JSON array, or of one object.
func (h *Heard) identify(value []byte) {
	rawjson.Items(value, func(b []byte) {
		var id struct{ System, Value string }
		if json.Unmarshal(b, &id) != nil || id.Value == "" {
			return
		}
		if token := id.System + "|" + id.Value; !slices.Contains(h.Identifiers, token) {
			h.Identifiers = append(h.Identifiers, token)
		}
	})
}
