package store

import (
	"context"
	"fmt"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
)

// each runs a statement on SQLite once for each row, past database/sql, which
// would cost half as much again as the statement itself.
func (s *session) each(ctx context.Context, query string, rows [][]any) error {
	return s.conn.Raw(func(conn any) error {
		c := conn.(driver.Conn).Raw()
		defer c.SetInterrupt(c.SetInterrupt(ctx))
		st, err := s.bare(c, query)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := bind(st, row); err != nil {
				return err
			}
			if err := st.Exec(); err != nil {
				return err
			}
		}
		return st.ClearBindings()
	})
}

// bare returns the statement as SQLite itself has it. Callers have a fixed few
// of them, so they are kept as long as the connection.
func (s *session) bare(c *sqlite3.Conn, query string) (*sqlite3.Stmt, error) {
	if st := s.bares[query]; st != nil {
		return st, nil
	}
	st, _, err := c.Prepare(query)
	if err == nil {
		s.bares[query] = st
	}
	return st, err
}

func bind(st *sqlite3.Stmt, row []any) (err error) {
	for i, value := range row {
		switch v := value.(type) {
		case int64:
			err = st.BindInt64(i+1, v)
		case string:
			err = st.BindText(i+1, v)
		case []byte:
			err = st.BindBlob(i+1, v)
		case float64:
			err = st.BindFloat(i+1, v)
		case bool:
			err = st.BindBool(i+1, v)
		case nil:
			err = st.BindNull(i + 1)
		default:
			err = fmt.Errorf("a column cannot hold a %T", value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
