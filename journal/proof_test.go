package journal_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/ncruces/go-sqlite3/driver"
	"golang.org/x/mod/sumdb/tlog"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
	"handover/journal"
)

func TestProofs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx := t.Context()
		c := config(at)
		c.VolumeSize = 20_000
		j := open(t, c)
		var roots []journal.Checkpoint
		var batch []handover.Draft
		for i := range 700 {
			if batch = append(batch, message("a", fmt.Sprint(i), fmt.Sprint("text ", i))); len(batch) < 50 {
				continue
			}
			if _, err := j.Append(ctx, batch); err != nil {
				t.Fatal(err)
			}
			batch = nil
			root, err := j.Root(ctx)
			if err != nil {
				t.Fatal(err)
			}
			roots = append(roots, root)
		}
		last := roots[len(roots)-1]
		for _, at := range []handover.Offset{1, 2, 255, 256, 257, 512, 699, 700} {
			p, err := j.ProveInclusion(ctx, at, last.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Check(last); err != nil {
				t.Errorf("fact %d: %v", at, err)
			}
			p.Offset = at%700 + 1
			if p.Check(last) == nil {
				t.Errorf("the proof of %d also proves %d", at, p.Offset)
			}
		}
		for _, old := range roots {
			p, err := j.ProveConsistency(ctx, old.Size, last.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckTree(p, last.Size, last.Root, old.Size, old.Root); err != nil {
				t.Errorf("from %d: %v", old.Size, err)
			}
		}
		if _, err := j.ProveInclusion(ctx, 701, 701); handover.KindOf(err) != handover.NotFound {
			t.Errorf("proving what is not there: %v", err)
		}
		if _, err := j.ProveConsistency(ctx, 5, 701); handover.KindOf(err) != handover.NotFound {
			t.Errorf("proving what is not there: %v", err)
		}
		if r := proven(t, j); r.Checkpoint != last {
			t.Errorf("Verify found %+v, want %+v", r.Checkpoint, last)
		}
	})
}

func TestCheckpoints(t *testing.T) {
	j := open(t, config(storetest.SQLite(t)))
	appendOne(t, j, message("a", "1", "x"))
	signed, err := j.Sign(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := journal.ReadCheckpoint(signed, j.PublicKey())
	if err != nil || c.Size != 1 {
		t.Errorf("read back %+v, %v", c, err)
	}
	forged := strings.Replace(string(signed), "\n1\n", "\n2\n", 1)
	if _, err := journal.ReadCheckpoint([]byte(forged), j.PublicKey()); err == nil {
		t.Error("a forged checkpoint was accepted")
	}
	other := open(t, config(storetest.SQLite(t)))
	if _, err := journal.ReadCheckpoint(signed, other.PublicKey()); err == nil {
		t.Error("a checkpoint of another journal was accepted")
	}
	if r := proven(t, j); r.Checkpoints != 1 {
		t.Errorf("%d checkpoints", r.Checkpoints)
	}
}

// Verify finds every kind of tampering with a volume.
func TestVerifyFindsTampering(t *testing.T) {
	for name, statement := range map[string]string{
		"body changed":        `UPDATE fact SET body = CAST(substr(body, 1, length(body)-1) || x'00' AS BLOB) WHERE at = 5`,
		"body of another":     `UPDATE fact SET body = (SELECT body FROM fact WHERE at = 6) WHERE at = 5`,
		"header changed":      `UPDATE name SET text = 'other' WHERE text = 'adt'`,
		"time changed":        `UPDATE fact SET time = time + 1 WHERE at = 5`,
		"key changed":         `UPDATE fact SET key = x'00' WHERE at = 5`,
		"kind changed":        `UPDATE fact SET kind = 11 WHERE at = 5`,
		"fact removed":        `DELETE FROM fact WHERE at = 5`,
		"facts exchanged":     `UPDATE fact SET at = CASE at WHEN 5 THEN -6 WHEN 6 THEN -5 END WHERE at IN (5, 6); UPDATE fact SET at = -at WHERE at < 0`,
		"stored node changed": `UPDATE node SET hash = zeroblob(32)`,
	} {
		t.Run(name, func(t *testing.T) {
			at := storetest.SQLite(t)
			j := open(t, config(at))
			fillAndSign(t, j)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			tamper(t, filepath.Join(at.Dir, "journal", "facts-0000000000000001.0.db"), statement)
			j = open(t, config(at))
			r, err := j.Verify(t.Context(), nil)
			if err == nil && len(r.Faults) == 0 {
				t.Error("nothing was found")
			}
		})
	}
}

func fillAndSign(t *testing.T, j *journal.Journal) {
	t.Helper()
	var batch []handover.Draft
	for i := range 300 {
		batch = append(batch, message("adt", fmt.Sprint(i), fmt.Sprint("text ", i, strings.Repeat(" more", 10))))
	}
	if _, err := j.Append(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func tamper(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}
