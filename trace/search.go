package trace

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"handover"
	"handover/internal/store"
)

// Query says which messages are wanted. Empty fields ask for nothing.
type Query struct {
	Source  string
	Type    string // "ADT^A01", or "ADT" for all its events
	Patient string // an identifier, alone or as "authority|value"
	Control string // MSH-10
	State   handover.State
	Since   time.Time
	Before  handover.Offset // only messages before this one, for paging
	Limit   int             // 0: all
}

// Search returns the messages that match and may be seen, newest first.
func (t *Trace) Search(ctx context.Context, access handover.Access, q Query) ([]Message, error) {
	where, args := q.conditions()
	var out []Message
	err := t.db.Read(ctx, func(tx *store.Tx) error {
		return each(ctx, tx, where, `ORDER BY id DESC`, args, func(m Message) bool {
			if access.May(m.row()) {
				out = append(out, m)
			}
			return q.Limit == 0 || len(out) < q.Limit
		})
	})
	return out, err
}

// row is what an access policy is shown of a message.
func (m Message) row() handover.Row {
	return handover.Row{ID: m.Offset.String(), Source: m.Source}
}

func (q Query) conditions() (string, []any) {
	var where []string
	var args []any
	add := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if q.Source != "" {
		add("source = ?", q.Source)
	}
	if q.Type != "" {
		if strings.Contains(q.Type, "^") {
			add("type = ?", q.Type)
		} else {
			// '_' sorts right after '^', so this is every event of the type.
			add("(type = ? OR type >= ? AND type < ?)", q.Type, q.Type+"^", q.Type+"_")
		}
	}
	if q.Patient != "" {
		add(`id IN (SELECT id FROM patient WHERE identifier = ?)`, q.Patient)
	}
	if q.Control != "" {
		add("control = ?", q.Control)
	}
	if q.State != "" {
		add("state = ?"+rare(q.State), string(q.State))
	}
	if !q.Since.IsZero() {
		// Times never fall, so the first message at that time bounds the offset.
		add(`received >= ?`, q.Since.UnixMilli())
	}
	if q.Before != 0 {
		add(`id < ?`, int64(q.Before))
	}
	if len(where) == 0 {
		return "1 = 1", nil
	}
	return strings.Join(where, " AND "), args
}

// Message returns one message; NotFound where there is none or it may not be
// seen, which must look the same.
func (t *Trace) Message(ctx context.Context, access handover.Access, offset handover.Offset) (Message, error) {
	var found []Message
	err := t.db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = read(ctx, tx, `id = ?`, "", int64(offset))
		return err
	})
	if err == nil && (len(found) == 0 || !access.May(found[0].row())) {
		err = &handover.Error{Op: "finding message " + offset.String(), Kind: handover.NotFound}
	}
	if err != nil {
		return Message{}, err
	}
	return found[0], nil
}

// Undecided returns the offsets of messages that nothing has decided, oldest
// first, after the given one.
func (t *Trace) Undecided(ctx context.Context, after handover.Offset, limit int) ([]handover.Offset, error) {
	var out []handover.Offset
	err := t.db.Read(ctx, func(tx *store.Tx) error {
		return each(ctx, tx, `state = 'received' AND state <> 'routed' AND id > ?`, `ORDER BY id`, []any{int64(after)}, func(m Message) bool {
			out = append(out, m.Offset)
			return len(out) < limit
		})
	})
	return out, err
}

// Counts returns how many messages are in each state, by source.
func (t *Trace) Counts(ctx context.Context, since time.Time) (map[string]map[handover.State]int64, error) {
	out := map[string]map[handover.State]int64{}
	err := t.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT source, state, count(*) FROM message WHERE received >= ? GROUP BY source, state`, since.UnixMilli())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var source, state string
			var n int64
			if err := rows.Scan(&source, &state, &n); err != nil {
				return err
			}
			if out[source] == nil {
				out[source] = map[handover.State]int64{}
			}
			out[source][handover.State(state)] = n
		}
		return rows.Err()
	})
	return out, err
}

// rare repeats the condition of the partial index word for word where it holds,
// since SQLite uses such an index only then.
func rare(s handover.State) string {
	if s == handover.StateRouted {
		return ""
	}
	return " AND state <> 'routed'"
}

func read(ctx context.Context, tx *store.Tx, where, order string, args ...any) ([]Message, error) {
	var out []Message
	err := each(ctx, tx, where, order, args, func(m Message) bool {
		out = append(out, m)
		return true
	})
	return out, err
}

// each calls yield for every row until it returns false.
func each(ctx context.Context, tx *store.Tx, where, order string, args []any, yield func(Message) bool) error {
	rows, err := tx.Query(ctx, `SELECT id, source, type, control, received, state, reason, answer, first, size
		FROM message WHERE `+where+" "+order, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		m, err := scan(rows)
		if err != nil {
			return err
		}
		if !yield(m) {
			break
		}
	}
	return rows.Err()
}

func scan(rows *sql.Rows) (Message, error) {
	var m Message
	var offset, received, first int64
	var state string
	err := rows.Scan(&offset, &m.Source, &m.Type, &m.Control, &received, &state, &m.Reason, &m.Answer, &first, &m.Size)
	m.Offset, m.First = handover.Offset(offset), handover.Offset(first)
	m.Received, m.State = time.UnixMilli(received).UTC(), handover.State(state)
	return m, err
}
