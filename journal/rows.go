package journal

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"handover"
	"handover/internal/store"
)

// schema is the same in every volume and in PostgreSQL.
var schema = []string{`
	CREATE TABLE fact (
		at   INTEGER PRIMARY KEY,
		kind INTEGER NOT NULL,
		time INTEGER NOT NULL,
		key  BLOB,
		head BLOB NOT NULL,
		body BLOB
	) STRICT;
	CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
	CREATE TABLE node (level INTEGER, n INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, n)) STRICT, WITHOUT ROWID;
	CREATE TABLE mark (at INTEGER PRIMARY KEY, time INTEGER NOT NULL, marks BLOB NOT NULL) STRICT;
	CREATE TABLE file (name TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID`}

// columns of fact, in the order in which rows are written and read.
var columns = []string{"at", "kind", "time", "key", "head", "body"}

// insert writes a commit's rows.
func insert(ctx context.Context, tx *store.Tx, c *commit, t *nameTable) error {
	facts := make([][]any, len(c.facts))
	var files [][]any
	for i := range c.facts {
		f := &c.facts[i]
		facts[i] = []any{int64(f.at), int64(f.head.Kind), f.head.Time.UnixMilli(),
			blob(f.key), f.appendHead(make([]byte, 0, 80), t), blob(f.body)}
		if len(f.body) > 0 && f.body[0] == formFile {
			files = append(files, []any{string(f.body[1+saltSize:]), int64(f.at)})
		}
	}
	var nodes, marks [][]any
	for _, n := range c.nodes {
		nodes = append(nodes, []any{int64(n.level), n.n, n.hash[:]})
	}
	if c.block != nil {
		marks = [][]any{{int64(c.block.at), c.block.time, c.block.encode()}}
	}
	for _, table := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"name", []string{"id", "text"}, t.unsaved()},
		{"fact", columns, facts},
		{"node", []string{"level", "n", "hash"}, nodes},
		{"mark", []string{"at", "time", "marks"}, marks},
		{"file", []string{"name", "at"}, files},
	} {
		if err := tx.Insert(ctx, table.name, table.columns, table.rows); err != nil {
			return fmt.Errorf("writing table %s: %w", table.name, err)
		}
	}
	return nil
}

// blob keeps nil apart from empty: a nil []byte in an any is not a null.
func blob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// selectFacts reads facts [from, below) up to limit.
func selectFacts(ctx context.Context, tx *store.Tx, t *nameTable, from, below handover.Offset, limit int) ([]fact, error) {
	rows, err := tx.Query(ctx, `SELECT at, kind, time, key, head, body FROM fact
		WHERE at >= ? AND at < ? ORDER BY at LIMIT ?`, int64(from), int64(below), int64(limit))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make([]fact, 0, min(limit, 1024))
	for rows.Next() {
		f, err := scanFact(rows, t)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

func scanFact(rows *sql.Rows, t *nameTable) (fact, error) {
	var f fact
	var at, kind, ms int64
	var head sql.RawBytes
	if err := rows.Scan(&at, &kind, &ms, &f.key, &head, &f.body); err != nil {
		return f, err
	}
	f.at, f.head.Kind, f.head.Time = handover.Offset(at), handover.FactKind(kind), time.UnixMilli(ms).UTC()
	if err := f.parseHead(head, t); err != nil {
		return f, fmt.Errorf("fact %d: %w", at, err)
	}
	return f, nil
}

func selectNode(ctx context.Context, tx *store.Tx, level int, n int64) (h tlog.Hash, err error) {
	var b []byte
	found, err := tx.Get(ctx, []any{&b}, `SELECT hash FROM node WHERE level = ? AND n = ?`, int64(level), n)
	if err == nil && (!found || len(b) != len(h)) {
		err = fmt.Errorf("the tree's node at level %d, place %d is not there", level, n)
	}
	copy(h[:], b)
	return h, err
}

// selectMarks calls f with the blocks of marks, newest first, and reports
// whether it may go on to older ones.
func selectMarks(ctx context.Context, tx *store.Tx, f func(markBlock) bool) (more bool, err error) {
	rows, err := tx.Query(ctx, `SELECT at, time, marks FROM mark ORDER BY at DESC`)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		var at, when int64
		var data []byte
		if err := rows.Scan(&at, &when, &data); err != nil {
			return false, err
		}
		marks, err := decodeMarks(data)
		if err != nil {
			return false, err
		}
		if !f(markBlock{handover.Offset(at), when, marks}) {
			return false, nil
		}
	}
	return true, rows.Err()
}

func selectTail(ctx context.Context, tx *store.Tx, below handover.Offset) (at handover.Offset, err error) {
	var n sql.NullInt64
	_, err = tx.Get(ctx, []any{&n}, `SELECT max(at) FROM fact WHERE at < ?`, int64(below))
	return handover.Offset(n.Int64), err
}
