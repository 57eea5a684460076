package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

func openPostgres(ctx context.Context, c Config) (*DB, error) {
	if !postgresName.MatchString(c.Name) {
		return nil, fmt.Errorf("%q cannot be a schema's name", c.Name)
	}
	config, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, errors.New("the database URL cannot be read; it should look like postgres://user@host/name")
	}
	config.RuntimeParams["search_path"] = c.Name
	config.RuntimeParams["application_name"] = "handover/" + c.Name
	if !c.Durable {
		config.RuntimeParams["synchronous_commit"] = "off"
	}
	pg := stdlib.OpenDB(*config)
	pg.SetMaxIdleConns(c.Readers + 1)
	if _, err := pg.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+c.Name); err != nil {
		return nil, errors.Join(err, pg.Close())
	}
	return &DB{
		dialect: PostgreSQL,
		name:    c.Name,
		writers: newPool(PostgreSQL, pg, 1),
		readers: newPool(PostgreSQL, pg, c.Readers),
		close:   pg.Close,
	}, nil
}

// numbered writes the arguments of a statement as PostgreSQL wants them: each ?
// outside quotes becomes $1, $2 and so on.
func numbered(query string) string {
	var b strings.Builder
	quote := byte(0)
	n := 0
	for i := 0; i < len(query); i++ {
		c := query[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?':
			n++
			fmt.Fprintf(&b, "$%d", n)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// copyIn loads rows by COPY, on the connection of the running transaction.
func (s *session) copyIn(ctx context.Context, table string, columns []string, rows [][]any) error {
	return s.conn.Raw(func(driverConn any) error {
		conn := driverConn.(*stdlib.Conn).Conn()
		_, err := conn.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
		return err
	})
}
