package record

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"handover"
	"handover/internal/store"
)

// Search returns the current resources that match and that the reader may see,
// a page of them. Rows are filtered by access before they are counted or paged.
// patient and subject also find what belongs to Patients held to be the same
// person, by the links of merges. Unknown parameters and modifiers are an error
// of kind Unsupported, values that cannot be read of kind Invalid.
func (r *Record) Search(ctx context.Context, access handover.Access, q Query) (Page, error) {
	if err := r.applied.wait(ctx, q.AtLeast); err != nil {
		return Page{}, err
	}
	s := &search{r: r, ctx: ctx, access: access, q: q, page: Page{Total: -1}}
	if err := s.plan(); err != nil {
		return Page{}, err
	}
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		s.tx = tx
		if q.Total {
			if err := s.count(); err != nil {
				return err
			}
		}
		return s.run()
	})
	if err != nil {
		return Page{}, &handover.Error{Op: "searching", Kind: kindOf(err), Err: err}
	}
	return s.page, nil
}

// search is one search on its way.
type search struct {
	r      *Record
	ctx    context.Context
	access handover.Access
	q      Query
	tx     *store.Tx
	page   Page

	tests  []test // most selective first
	after  [2]int64
	byPack bool // the order is (pack, rid), else rid alone
	down   bool
	none   bool // a value is asked for that no row can have
}

// test is one condition as SQL. Where it can lead, drive yields the rids that
// pass it; where tests each row r.
type test struct {
	cost  int // the lower, the fewer rows it lets through
	drive string
	where string
	args  []any
}

// plan makes tests of the conditions and chooses the one that leads.
func (s *search) plan() error {
	for _, c := range s.q.Where {
		t, err := s.test(c)
		if err != nil {
			return err
		}
		s.tests = append(s.tests, t)
	}
	slices.SortStableFunc(s.tests, func(a, b test) int { return cmp.Compare(a.cost, b.cost) })
	s.byPack = s.q.Sort != SortNone || len(s.tests) == 0 || s.tests[0].drive == ""
	s.down = s.q.Sort == SortNewest
	first := [2]int64{-1, -1}
	if s.down {
		first = [2]int64{end, end}
	}
	var err error
	s.after, err = readCursor(s.q.After, first[0], first[1])
	return err
}

// statement writes the query for the rows after the key.
func (s *search) statement(after [2]int64, limit int) (string, []any) {
	var b strings.Builder
	var args []any
	b.WriteString(`SELECT ` + foundColumns + ` FROM `)
	tests := s.tests
	if len(tests) > 0 && tests[0].drive != "" {
		b.WriteString(`(` + tests[0].drive + `) d CROSS JOIN resource r `)
		args = append(args, tests[0].args...)
	} else {
		b.WriteString(`resource r `)
	}
	b.WriteString(`JOIN pack k ON k.pack = r.pack LEFT JOIN resource p ON p.rid = r.patient WHERE r.type = ? AND r.version > 0 AND r.place >= 0`)
	args = append(args, s.r.names.id(s.q.Type))
	if len(tests) > 0 && tests[0].drive != "" {
		b.WriteString(` AND r.rid = d.rid`)
		tests = tests[1:]
	}
	for _, t := range tests {
		b.WriteString(` AND (` + t.where + `)`)
		args = append(args, t.args...)
	}
	more, way := `>`, `ASC`
	if s.down {
		more, way = `<`, `DESC`
	}
	if s.byPack {
		b.WriteString(` AND (r.pack ` + more + ` ? OR r.pack = ? AND r.rid ` + more + ` ?) ORDER BY r.pack ` + way + `, r.rid ` + way)
		args = append(args, after[0], after[0], after[1])
	} else {
		b.WriteString(` AND r.rid ` + more + ` ? ORDER BY r.rid ` + way)
		args = append(args, after[0])
	}
	b.WriteString(` LIMIT ?`)
	return b.String(), append(args, limit)
}

// next reads the visible rows after the key, at most limit before filtering, and
// says how many there were.
func (s *search) next(after [2]int64, limit int) (visible []found, last [2]int64, n int, err error) {
	query, args := s.statement(after, limit)
	rows, err := s.r.query(s.ctx, s.tx, query, args)
	if err != nil || len(rows) == 0 {
		return nil, after, 0, err
	}
	last, n = s.key(rows[len(rows)-1]), len(rows)
	return s.r.visible(s.access, rows), last, n, nil
}

func (s *search) key(f found) [2]int64 {
	if s.byPack {
		return [2]int64{f.pack, f.rid}
	}
	return [2]int64{f.rid, 0}
}

// run fills the page. One row more than fits is read, to know whether anything
// follows that the reader may see.
func (s *search) run() error {
	size := pageSize(s.q.Count)
	var rows []found
	for at := s.after; len(rows) <= size && !s.none; {
		limit := max(size+1-len(rows), 16)
		visible, last, n, err := s.next(at, limit)
		if err != nil {
			return err
		}
		rows = append(rows, visible...)
		if at = last; n < limit {
			break
		}
	}
	if len(rows) > size {
		rows = rows[:size]
		key := s.key(rows[size-1])
		s.page.Next = writeCursor(key[0], key[1])
	}
	var err error
	s.page.Resources, err = s.r.fill(s.ctx, s.tx, rows)
	return err
}

// count counts all visible matches, whatever the page.
func (s *search) count() error {
	at := [2]int64{-1, -1}
	if s.down {
		at = [2]int64{end, end}
	}
	s.page.Total = 0
	const limit = 1000
	for !s.none {
		visible, last, n, err := s.next(at, limit)
		if err != nil {
			return err
		}
		s.page.Total += len(visible)
		if at = last; n < limit {
			break
		}
	}
	return nil
}
