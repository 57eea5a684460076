package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
	"handover/journal"
)

// fill appends n messages, each with a decision that is kept for ever.
func fill(t *testing.T, j *journal.Journal, from, n int) {
	t.Helper()
	cause := 0
	for i := from; i < from+n; i++ {
		_, err := j.Append(t.Context(), []handover.Draft{
			message("adt", fmt.Sprint(i), strings.Repeat(fmt.Sprint("secret ", i, " "), 30)),
			{Header: handover.Header{Kind: handover.Decided, Format: "application/json"}, CauseInBatch: &cause,
				Body: handover.Body{Bytes: fmt.Appendf(nil, `{"state":"routed","n":%d}`, i)}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRetention(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx := t.Context()
		clock := newClock()
		c := config(at)
		c.Now, c.VolumeSize, c.LargeBody = clock.Now, 3000, 1000
		j := open(t, c)
		fill(t, j, 0, 40)
		appendOne(t, j, large(t, "big", "a large and secret body "))
		signed, err := j.Sign(ctx)
		if err != nil {
			t.Fatal(err)
		}
		clock.add(91 * 24 * time.Hour)
		fill(t, j, 100, 40)
		if err := j.Tend(ctx); err != nil {
			t.Fatal(err)
		}
		done, err := j.Expire(ctx, handover.KeepMessage, clock.Now().Add(-90*24*time.Hour))
		if err != nil || done.Bodies != 41 {
			t.Fatalf("removed %d bodies, %v; want 41", done.Bodies, err)
		}
		for round := range 2 {
			judgeRetention(t, j, signed)
			if again, err := j.Expire(ctx, handover.KeepMessage, clock.Now().Add(-90*24*time.Hour)); err != nil || again.Bodies != 0 {
				t.Errorf("a second time it removed %d bodies, %v", again.Bodies, err)
			}
			if round == 0 {
				_ = j.Close()
				j = open(t, c)
			}
		}
		if at.URL == "" {
			absent(t, at.Dir, "a large and secret body")
			if left, _ := filepath.Glob(filepath.Join(at.Dir, "journal", "bodies", "*")); len(left) != 0 {
				t.Errorf("large bodies left: %v", left)
			}
		}
		if _, err := j.Expire(ctx, handover.KeepForever, clock.Now()); handover.KindOf(err) != handover.Invalid {
			t.Errorf("removing what is kept for ever: %v", err)
		}
	})
}

func judgeRetention(t *testing.T, j *journal.Journal, signed []byte) {
	t.Helper()
	report := proven(t, j)
	if report.Gone != 41 || report.Checkpoints != 1 {
		t.Errorf("report: %+v", report)
	}
	if c, err := journal.ReadCheckpoint(signed, j.PublicKey()); err != nil || c.Size != 81 {
		t.Errorf("the old checkpoint: %+v, %v", c, err)
	}
	for _, e := range all(t, j) {
		old := e.Kind == handover.Received && e.Offset <= 81
		if e.Gone != old {
			t.Errorf("fact %d (%v): gone %v", e.Offset, e.Kind, e.Gone)
		}
		if e.Kind == handover.Received && !old && !bytes.Contains(e.Body.Bytes, []byte("secret")) {
			t.Errorf("fact %d lost its body", e.Offset)
		}
		if e.Gone && (e.Source != "adt" || string(e.Key) != "key of adt") {
			t.Errorf("fact %d lost its header: %+v", e.Offset, e.Header)
		}
	}
	if _, err := j.Open(t.Context(), everything, 1); handover.KindOf(err) != handover.Gone {
		t.Errorf("opening a removed body: %v", err)
	}
}

// absent fails where a file below the folder holds one of the texts.
func absent(t *testing.T, dir string, texts ...string) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(data, []byte(text)) {
				t.Errorf("%s still holds a removed body", filepath.Base(path))
			}
		}
		return err
	})
}

// large is a message that comes as a spool file.
func large(t *testing.T, control, text string) handover.Draft {
	t.Helper()
	content := bytes.Repeat([]byte(text), 40_000/len(text))
	path := filepath.Join(t.TempDir(), "spool")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	d := message("adt", control, "")
	d.Body = handover.Body{File: path, Size: int64(len(content))}
	return d
}

func TestLargeBodies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx := t.Context()
		c := config(at)
		c.LargeBody = 1000
		j := open(t, c)
		d := large(t, "1", "line of a document\r")
		want, err := os.ReadFile(d.Body.File)
		if err != nil {
			t.Fatal(err)
		}
		r := appendOne(t, j, d)
		if _, err := os.Stat(d.Body.File); err == nil {
			t.Error("the spool file was not taken over")
		}
		again := appendOne(t, j, large(t, "1", "line of a document\r"))
		if again.First != r.Offset {
			t.Errorf("the same large message: %+v", again)
		}
		small := message("adt", "2", "")
		small.Body = handover.Body{File: filepath.Join(t.TempDir(), "small"), Size: 5}
		if err := os.WriteFile(small.Body.File, []byte("small"), 0o600); err != nil {
			t.Fatal(err)
		}
		appendOne(t, j, small)
		for range 2 {
			e, err := j.Get(ctx, everything, r.Offset)
			if err != nil || e.Body.Bytes != nil || e.Body.Len() != int64(len(want)) {
				t.Errorf("the entry: %d bytes, %v", e.Body.Len(), err)
			}
			content, err := j.Open(ctx, everything, r.Offset)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(content)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("read back %d bytes, %v", len(got), err)
			}
			if _, err := content.Seek(-5, io.SeekEnd); err != nil {
				t.Error(err)
			}
			if got, _ = io.ReadAll(content); !bytes.Equal(got, want[len(want)-5:]) {
				t.Errorf("after seeking: %q", got)
			}
			if err := content.Close(); err != nil {
				t.Error(err)
			}
			if e, _ := j.Get(ctx, everything, 3); string(e.Body.Bytes) != "small" {
				t.Errorf("a small spool file: %+v", e.Body)
			}
			proven(t, j)
			_ = j.Close()
			j = open(t, c)
		}
		if at.URL == "" {
			if kept, _ := filepath.Glob(filepath.Join(at.Dir, "journal", "bodies", "*")); len(kept) != 1 {
				t.Errorf("%d large bodies are kept, want 1", len(kept))
			}
		}
	})
}

func TestLeftoversOfACrashAreSwept(t *testing.T) {
	at := storetest.SQLite(t)
	c := config(at)
	c.LargeBody = 1000
	j := open(t, c)
	appendOne(t, j, large(t, "1", "kept "))
	_ = j.Close()
	bodies := filepath.Join(at.Dir, "journal", "bodies")
	orphan := filepath.Join(bodies, "0000000000000001-00ff")
	draft := filepath.Join(at.Dir, "journal", "draft-facts-0000000000000001.1.db")
	for _, path := range []string{orphan, draft} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j = open(t, c)
	for _, path := range []string{orphan, draft} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", filepath.Base(path))
		}
	}
	if kept, _ := os.ReadDir(bodies); len(kept) != 1 {
		t.Errorf("%d large bodies are kept, want 1", len(kept))
	}
	proven(t, j)
}
