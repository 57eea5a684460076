package store

import (
	"errors"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"
)

// Full reports whether err says that the disk is full.
func Full(err error) bool {
	if errors.Is(err, sqlite3.FULL) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return true
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "53100" // disk_full
}

// Lost reports whether err is a failure of the device or the connection, after
// which nothing may be asked of the same handle again: what a failed sync left
// unwritten, a second sync would not write.
func Lost(err error) bool {
	if err == nil || Full(err) {
		return false
	}
	for _, code := range []sqlite3.ErrorCode{sqlite3.IOERR, sqlite3.CORRUPT, sqlite3.NOTADB, sqlite3.CANTOPEN} {
		if errors.Is(err, code) {
			return true
		}
	}
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || errors.Is(err, syscall.EIO)
}

// Unsynced reports whether err came from a sync that failed.
func Unsynced(err error) bool {
	return errors.Is(err, sqlite3.IOERR_FSYNC) || errors.Is(err, sqlite3.IOERR_DIR_FSYNC)
}
