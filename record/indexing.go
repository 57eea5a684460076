package record

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
)

// indexing gathers the rows of a batch, so that each table is written in one go
// and in the order of its key.
type indexing struct {
	names, packs, aliases, enclosed [][]any
	superseded                      [][]any // rids whose current version of before the batch becomes an older one
	versions                        [][]any // that came and were superseded within the batch
	lookups                         []lookupRow
	failed                          int64
}

func newIndexing() *indexing { return &indexing{} }

// targetHash is the number by which a reference's target ("Patient/id") is
// found: the first 8 bytes of its SHA-256.
func targetHash(target string) int64 {
	sum := sha256.Sum256([]byte(target))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// write writes the rows of the batch.
func (a *applying) write() error {
	if err := a.documents(); err != nil || len(a.taken) == 0 {
		return err
	}
	a.finish()
	sortByRow(a.index.superseded)
	if err := a.tx.ExecEach(a.ctx, `INSERT INTO version SELECT rid, version, pack, place FROM resource WHERE rid = ?`, a.index.superseded); err != nil {
		return err
	}
	if err := a.resources(); err != nil {
		return err
	}
	if err := a.content(); err != nil {
		return err
	}
	for _, m := range a.taken {
		for _, row := range m.aliases {
			rid := *a.state(row.to).rid
			a.index.aliases = append(a.index.aliases, []any{rid, row.key})
			a.index.lookups = append(a.index.lookups, lookupRow{keyHash(row.key), rid})
		}
	}
	sortByRow(a.index.aliases)
	sortByRow(a.index.versions)
	if err := a.r.lookups.add(a.ctx, a.tx, a.index.lookups); err != nil {
		return err
	}
	for _, t := range []struct {
		table   string
		columns []string
		rows    [][]any
	}{
		{"name", []string{"id", "name"}, a.index.names},
		{"pack", []string{"pack", "time", "message", "asserted", "body"}, a.index.packs},
		{"version", []string{"rid", "version", "pack", "place"}, a.index.versions},
		{"alias", []string{"rid", "key"}, a.index.aliases},
	} {
		if err := a.tx.Insert(a.ctx, t.table, t.columns, t.rows); err != nil {
			return err
		}
	}
	return nil
}

// sortByRow orders rows by the rid that they begin with, those of one rid as they are.
func sortByRow(rows [][]any) {
	slices.SortStableFunc(rows, func(x, y []any) int { return cmp.Compare(x[0].(int64), y[0].(int64)) })
}

// resources writes the row of each resource that the batch touched, as it is
// after the batch.
func (a *applying) resources() error {
	var rows, changed, heldOnly, contests [][]any
	for _, t := range a.order {
		s := t.after
		patient, err := a.patientRow(s)
		if err != nil {
			return err
		}
		if !t.had.known {
			a.index.lookups = append(a.index.lookups, lookupRow{s.hash(), *s.rid})
			rows = append(rows, []any{*s.rid, a.name(s.Type), s.ID, s.version,
				t.pack, t.place, t.held, t.heldAt, patient, a.name(s.origin)})
		} else if t.pack == 0 {
			heldOnly = append(heldOnly, []any{t.held, t.heldAt, *s.rid})
		} else {
			changed = append(changed, []any{s.version, t.pack, t.place, t.held, t.heldAt, patient, *s.rid})
		}
		contests = append(contests, contested(s, t.had)...)
	}
	for _, t := range []struct {
		query string
		rows  [][]any
	}{
		{`UPDATE resource SET held = ?, heldat = ? WHERE rid = ?`, heldOnly},
		{`UPDATE resource SET version = ?, pack = ?, place = ?, held = ?, heldat = ?, patient = ? WHERE rid = ?`, changed},
		{`INSERT INTO contest (rid, patient) VALUES (?, ?)`, contests},
	} {
		if err := a.tx.ExecEach(a.ctx, t.query, t.rows); err != nil {
			return err
		}
	}
	return a.tx.Insert(a.ctx, "resource", []string{"rid", "type", "id", "version",
		"pack", "place", "held", "heldat", "patient", "source"}, rows)
}

// patientRow returns the row of the Patient that the resource belongs to.
func (a *applying) patientRow(s *state) (int64, error) {
	id := cmp.Or(s.patient, s.owner)
	if s.Type == "Patient" {
		return *s.rid, nil
	}
	if id == "" {
		return 0, nil
	}
	t := ref{"Patient", id}
	if p := a.state(t); p != nil {
		return *p.rid, nil
	}
	if rid := a.r.states.row(t); rid != 0 {
		return rid, nil
	}
	rows, err := a.r.findRows(a.ctx, a.tx, []ref{t})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0].rid, nil
}

// contested returns the rows for patients that contend for the resource and did
// not before.
func contested(s *state, had head) (rows [][]any) {
	for _, p := range s.rivals {
		if !contains(had.rivals, p) {
			rows = append(rows, []any{*s.rid, p})
		}
	}
	return rows
}

// content brings the index tables from the versions before the batch to those
// after it.
func (a *applying) content() error {
	var tokens, dates, references [][]any
	var gone removals
	for _, t := range a.order {
		rid, is := *t.after.rid, t.rows
		for _, e := range is.old {
			if !slices.Contains(is.now, e) {
				gone.add(a, e, rid)
			}
		}
		for _, e := range is.now {
			switch {
			case slices.Contains(is.old, e):
			case e.kind == TokenParam:
				tokens = append(tokens, []any{a.name(e.param), e.code, rid, a.name(e.system)})
			case e.kind == DateParam:
				dates = append(dates, []any{rid, a.name(e.param), e.low, e.high})
			case e.kind == ReferenceParam:
				references = append(references, []any{a.name(e.param), e.low, rid})
			}
		}
	}
	slices.SortFunc(tokens, func(x, y []any) int {
		return cmp.Or(cmp.Compare(x[0].(int64), y[0].(int64)), cmp.Compare(x[1].(string), y[1].(string)))
	})
	slices.SortFunc(references, func(x, y []any) int {
		return cmp.Or(cmp.Compare(x[0].(int64), y[0].(int64)), cmp.Compare(x[1].(int64), y[1].(int64)))
	})
	if err := gone.write(a); err != nil {
		return err
	}
	if err := a.tx.Insert(a.ctx, "token", []string{"param", "value", "rid", "system"}, tokens); err != nil {
		return err
	}
	if err := a.tx.Insert(a.ctx, "date", []string{"rid", "param", "low", "high"}, dates); err != nil {
		return err
	}
	return a.tx.Insert(a.ctx, "reference", []string{"param", "target", "rid"}, references)
}

// tokenKey is the value as it stands in the index: shortened to its digest where
// it is longer than any code, because an index row must stay small.
func tokenKey(value string) string {
	value = plain(value)
	if len(value) <= 200 {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	return value[:100] + "#" + hex.EncodeToString(sum[:])
}

// plain takes out what a PostgreSQL text cannot hold. Searches go through it too.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// removals are index rows of what a version no longer says.
type removals struct{ tokens, dates, references [][]any }

func (g *removals) add(a *applying, e entry, rid int64) {
	switch e.kind {
	case TokenParam:
		g.tokens = append(g.tokens, []any{a.name(e.param), e.code, rid, a.name(e.system)})
	case DateParam:
		g.dates = append(g.dates, []any{rid, a.name(e.param), e.low, e.high})
	case ReferenceParam:
		g.references = append(g.references, []any{a.name(e.param), e.low, rid})
	}
}

func (g *removals) write(a *applying) error {
	for _, t := range []struct {
		query string
		rows  [][]any
	}{
		{`DELETE FROM token WHERE param = ? AND value = ? AND rid = ? AND system = ?`, g.tokens},
		{`DELETE FROM date WHERE rid = ? AND param = ? AND low = ? AND high = ?`, g.dates},
		{`DELETE FROM reference WHERE param = ? AND target = ? AND rid = ?`, g.references},
	} {
		if err := a.tx.ExecEach(a.ctx, t.query, t.rows); err != nil {
			return err
		}
	}
	return nil
}
