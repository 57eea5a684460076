package file

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf16"

	"handover"
	"handover/wire"
	"handover/wire/wiretest"
)

// started is a folder that is watched until the test ends.
type started struct {
	t      *testing.T
	dir    string
	folder *Folder
	intake *wiretest.Intake
	cancel context.CancelFunc
	ended  chan error
	once   sync.Once
	serial atomic.Int64
}

func (s *started) KeepsAndRetries() {}

func start(t *testing.T, c Config) *started {
	t.Helper()
	s := &started{t: t, dir: c.Dir, ended: make(chan error, 1)}
	if s.dir == "" {
		s.dir = t.TempDir()
	}
	if c.Receiver == nil {
		s.intake = &wiretest.Intake{}
		c.Receiver = s.intake
	}
	c.Source, c.Dir, c.Poll, c.Settle = wiretest.Source, s.dir, 5*time.Millisecond, 10*time.Millisecond
	var err error
	if s.folder, err = Open(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() { s.ended <- s.folder.Run(ctx) }()
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		wiretest.NoGoroutines(t)
	})
	return s
}

func (s *started) Stop() (err error) {
	s.once.Do(func() { s.cancel(); err = <-s.ended })
	return err
}

// Send drops the message as a file and waits for the answer beside it.
func (s *started) Send(ctx context.Context, message []byte) ([]byte, error) {
	name := fmt.Sprintf("m%04d.hl7", s.serial.Add(1))
	s.drop(name, message)
	return s.wait(ctx, filepath.Join(s.dir, name+".ack"))
}

func (s *started) drop(name string, content []byte) {
	s.t.Helper()
	tmp := filepath.Join(s.dir, name+".tmp")
	if err := os.WriteFile(tmp, content, 0o600); err != nil {
		s.t.Error(err)
	}
	if err := os.Rename(tmp, filepath.Join(s.dir, name)); err != nil {
		s.t.Error(err)
	}
}

func (s *started) wait(ctx context.Context, path string) ([]byte, error) {
	for {
		content, err := os.ReadFile(path)
		if err == nil {
			return content, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// take drops a file and waits until it lies in the folder under the name.
func (s *started) take(name string, content []byte, folder, as string) {
	s.t.Helper()
	s.drop(name, content)
	s.waitMoved(folder, as)
}

func (s *started) waitMoved(folder, as string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	path := filepath.Join(s.dir, folder, as)
	for {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			return
		}
		if ctx.Err() != nil {
			s.t.Fatalf("%s/%s did not appear; there is: %v", folder, as, s.files())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// files lists everything below the folder.
func (s *started) files() (all []string) {
	_ = filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(s.dir, path)
			all = append(all, rel)
		}
		return nil
	})
	return all
}

func (s *started) wantFiles(want ...string) {
	s.t.Helper()
	if err := s.Stop(); err != nil {
		s.t.Error(err)
	}
	if got := s.files(); !slices.Equal(got, want) {
		s.t.Errorf("files %v, want %v", got, want)
	}
}

func (s *started) wantContent(name string, want []byte) {
	s.t.Helper()
	if got, err := os.ReadFile(filepath.Join(s.dir, name)); err != nil || !bytes.Equal(got, want) {
		s.t.Errorf("%s is %q, %v; want %q", name, got, err, want)
	}
}

func TestContract(t *testing.T) {
	wiretest.Run(t, func(t *testing.T, r wire.Receiver, room wire.Room) wiretest.Listener {
		return start(t, Config{Receiver: r, Room: room})
	})
}

func TestFileOfManyMessages(t *testing.T) {
	s := start(t, Config{})
	m1, m2, m3 := wiretest.Message("F1", "x"), wiretest.Message("F2", "y"), wiretest.Message("F3", "z")
	content := slices.Concat(m1, m2, m3)
	s.take("day.hl7", content, "done", "day.hl7")
	acks := slices.Concat(wiretest.Answer(m1, "AA"), wiretest.Answer(m2, "AA"), wiretest.Answer(m3, "AA"))
	s.wantFiles("day.hl7.ack", "done/day.hl7", "done/day.hl7.ack")
	s.wantContent("day.hl7.ack", acks)
	s.wantContent("done/day.hl7.ack", acks)
	s.wantContent("done/day.hl7", content)
	kept := s.intake.Kept()
	if len(kept) != 3 || !bytes.Equal(kept[1].Content, m2) || kept[1].Arrival.Remote != "day.hl7" || kept[0].Arrival.Conn != kept[2].Arrival.Conn {
		t.Errorf("kept %d messages: %+v", len(kept), kept)
	}
	if c := s.folder.Counts(); c.Done != 1 || c.Messages != 3 || c.BytesIn != int64(len(content)) {
		t.Errorf("counts %+v", c)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	s := start(t, Config{})
	var want []string
	for i, as := range []string{"a.hl7", "a.2.hl7", "a.3.hl7"} {
		s.take("a.hl7", wiretest.Message(fmt.Sprint("N", i), "x"), "done", as)
		want = append(want, "done/"+as, "done/"+as+".ack")
	}
	slices.Sort(want)
	s.wantFiles(append([]string{"a.hl7.ack"}, want...)...)
	for i, as := range []string{"a.hl7", "a.2.hl7", "a.3.hl7"} {
		m := wiretest.Message(fmt.Sprint("N", i), "x")
		s.wantContent("done/"+as, m)
		s.wantContent("done/"+as+".ack", wiretest.Answer(m, "AA"))
	}
}

func TestFailed(t *testing.T) {
	t.Run("a message was refused", func(t *testing.T) {
		s := start(t, Config{Room: wire.Room{MaxMessage: 2000}})
		good, bad := wiretest.Message("GOOD", "x"), wiretest.Message("BAD", strings.Repeat("x", 3000))
		s.take("f.hl7", slices.Concat(good, bad, good), "failed", "f.hl7")
		s.wantFiles("f.hl7.ack", "failed/f.hl7", "failed/f.hl7.ack", "failed/f.hl7.why")
		s.wantContent("failed/f.hl7.ack", slices.Concat(wiretest.Answer(good, "AA"), wiretest.Answer(bad, "AR"), wiretest.Answer(good, "AA")))
		s.wantContent("failed/f.hl7.why", []byte("line 5, message 2: it was answered with AR\n"+
			"line 5, MSH: message is longer than the limit; only its beginning is kept\n"))
		if c := s.folder.Counts(); c.Failed != 1 || c.Refused != 1 || c.Messages != 3 {
			t.Errorf("counts %+v", c)
		}
	})
	t.Run("there is no message", func(t *testing.T) {
		s := start(t, Config{})
		s.take("letter.txt", []byte("Dear all"), "failed", "letter.txt")
		s.wantFiles("failed/letter.txt", "failed/letter.txt.ack", "failed/letter.txt.why", "letter.txt.ack")
		s.wantContent("failed/letter.txt.why", []byte("line 1: content outside any message; it is not read\nthere is no message in the file\n"))
	})
	t.Run("the file is not what it says", func(t *testing.T) {
		s := start(t, Config{})
		s.take("b.hl7", slices.Concat([]byte("BHS|^~\\&|\r"), wiretest.Message("B", "x"), []byte("BTS|9\r")), "failed", "b.hl7")
		s.wantContent("failed/b.hl7.why", []byte("line 6, BTS-1: BTS-1 says 9, counted are 1 messages in the batch\n"))
	})
	t.Run("many problems", func(t *testing.T) {
		intake := &wiretest.Intake{}
		intake.Refuse("AE")
		s := start(t, Config{Receiver: intake})
		s.take("m.hl7", bytes.Repeat(wiretest.Message("M", "x"), maxProblems+5), "failed", "m.hl7")
		why, err := os.ReadFile(filepath.Join(s.dir, "failed/m.hl7.why"))
		if err != nil || bytes.Count(why, []byte("\n")) != maxProblems+1 || !bytes.HasSuffix(why, []byte("\nand 5 more\n")) {
			t.Errorf("%d bytes, %v", len(why), err)
		}
	})
}

func TestFilesThatAreNotTaken(t *testing.T) {
	s := start(t, Config{})
	message := wiretest.Message("X", "x")
	names := []string{".hidden.hl7", "a.part", "b.filepart", "c.tmp", "d.PART", "e.hl7.ack", "f.why", "g.partial"}
	for _, n := range names {
		if err := os.WriteFile(filepath.Join(s.dir, n), message, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, "empty.hl7"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(s.dir, "folder.hl7"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.take("real.hl7", message, "done", "real.hl7")
	time.Sleep(60 * time.Millisecond)
	if n := len(s.intake.Kept()); n != 1 {
		t.Errorf("%d messages were taken, want 1", n)
	}
}

// A file that is still being written is left alone, however long it takes.
func TestFileThatGrows(t *testing.T) {
	now := &clock{now: time.Unix(1700000000, 0)}
	folder, err := Open(t.Context(), Config{Dir: t.TempDir(), Receiver: &wiretest.Intake{}, Settle: 2 * time.Second, Now: now.get})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder.config.Dir, "slow.hl7")
	for i := range 5 {
		if err := os.WriteFile(path, bytes.Repeat([]byte("x"), i+1), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := folder.whole(); len(got) != 0 {
			t.Fatalf("it was taken after %d writes", i)
		}
		now.pass(1900 * time.Millisecond)
		if got := folder.whole(); len(got) != 0 {
			t.Fatalf("it was taken before it had settled")
		}
	}
	now.pass(100 * time.Millisecond)
	if got := folder.whole(); !slices.Equal(got, []string{"slow.hl7"}) {
		t.Errorf("taken: %v", got)
	}
}

type clock struct{ now time.Time }

func (c *clock) get() time.Time       { return c.now }
func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

func TestOldestFirst(t *testing.T) {
	folder, err := Open(t.Context(), Config{Dir: t.TempDir(), Receiver: &wiretest.Intake{}, Settle: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"b.hl7", "c.hl7", "a.hl7", "d.hl7"} {
		path := filepath.Join(folder.config.Dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Unix(1700000000+int64(min(i, 2)), 0) // a and d at the same time
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	folder.whole()
	time.Sleep(time.Millisecond)
	if got := folder.whole(); !slices.Equal(got, []string{"b.hl7", "c.hl7", "a.hl7", "d.hl7"}) {
		t.Errorf("order %v", got)
	}
}

// A file stays if one of its messages cannot be kept now. All of it comes again,
// and goes away with the answers of the last try only.
func TestTriedAgain(t *testing.T) {
	var calls atomic.Int64
	intake := &wiretest.Intake{}
	s := start(t, Config{Receiver: wire.ReceiverFunc(func(ctx context.Context, a wire.Arrival) ([][]byte, error) {
		if calls.Add(1) == 2 {
			return [][]byte{[]byte("AE for now")}, &handover.Error{Op: "keeping", Kind: handover.Full}
		}
		return intake.Receive(ctx, a)
	})})
	m1, m2 := wiretest.Message("T1", "x"), wiretest.Message("T2", "x")
	s.take("t.hl7", slices.Concat(m1, m2), "done", "t.hl7")
	s.wantFiles("done/t.hl7", "done/t.hl7.ack", "t.hl7.ack")
	s.wantContent("t.hl7.ack", slices.Concat(wiretest.Answer(m1, "AA"), wiretest.Answer(m2, "AA")))
	if n := len(intake.Kept()); n != 3 || calls.Load() != 4 {
		t.Errorf("%d calls, %d kept", calls.Load(), n)
	}
	if c := s.folder.Counts(); c.Retries != 1 || c.Done != 1 {
		t.Errorf("counts %+v", c)
	}
}

func TestFileThatChangesWhileItIsRead(t *testing.T) {
	dir := t.TempDir()
	var calls atomic.Int64
	intake := &wiretest.Intake{}
	m1, m2 := wiretest.Message("C1", "x"), wiretest.Message("C2", "x")
	s := start(t, Config{Dir: dir, Receiver: wire.ReceiverFunc(func(ctx context.Context, a wire.Arrival) ([][]byte, error) {
		if calls.Add(1) == 1 {
			if err := os.WriteFile(filepath.Join(dir, "c.hl7"), slices.Concat(m1, m2), 0o600); err != nil {
				t.Error(err)
			}
		}
		return intake.Receive(ctx, a)
	})})
	s.take("c.hl7", m1, "done", "c.hl7")
	s.wantContent("done/c.hl7.ack", slices.Concat(wiretest.Answer(m1, "AA"), wiretest.Answer(m2, "AA")))
}

// Stopping leaves a file with more messages where it is, without a trace.
func TestStopWithinAFile(t *testing.T) {
	intake := &wiretest.Intake{}
	release := intake.Hold()
	s := start(t, Config{Receiver: intake})
	s.drop("s.hl7", slices.Concat(wiretest.Message("S1", "x"), wiretest.Message("S2", "x")))
	intake.WaitForArrival(t)
	s.cancel()
	release()
	s.wantFiles("s.hl7")
	if n := len(intake.Kept()); n != 1 {
		t.Errorf("kept %d messages", n)
	}
}

func TestReceiverThatHangsIsGivenUp(t *testing.T) {
	intake := &wiretest.Intake{}
	intake.Hold()
	s := start(t, Config{Receiver: intake, Drain: 20 * time.Millisecond})
	s.drop("h.hl7", wiretest.Message("H", "x"))
	intake.WaitForArrival(t)
	s.wantFiles("h.hl7")
}

func TestUTF16(t *testing.T) {
	m1 := "MSH|^~\\&|A||||20240101||ADT^A01|U1|T|2.5.1||||||UNICODE UTF-16\rPID|1||x||Ωmega^\U0001F600é\r"
	m2 := "MSH|^~\\&|A||||20240101||ADT^A01|U2|T|2.5.1\rPID|1||y||é\r"
	for _, c := range []struct {
		name   string
		order  binary.AppendByteOrder
		bom    bool
		format string
	}{
		{"little endian with a mark", binary.LittleEndian, true, wire.UTF16Little},
		{"big endian with a mark", binary.BigEndian, true, wire.UTF16BigEndian},
		{"little endian", binary.LittleEndian, false, wire.UTF16Little},
		{"big endian", binary.BigEndian, false, wire.UTF16BigEndian},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Config{})
			first, second := wide(c.order, m1, c.bom), wide(c.order, m2, false)
			s.take("u.hl7", slices.Concat(first, second), "done", "u.hl7")
			kept := s.intake.Kept()
			if len(kept) != 2 || !bytes.Equal(kept[0].Content, first) || !bytes.Equal(kept[1].Content, second) {
				t.Fatalf("kept %d messages, or not the bytes of the file", len(kept))
			}
			if a := kept[0].Arrival; a.Format != c.format || string(a.Head) != m1 {
				t.Errorf("format %q, head %q", a.Format, a.Head)
			}
			if a := kept[1].Arrival; string(a.Head) != m2 {
				t.Errorf("head %q", a.Head)
			}
		})
	}
	t.Run("cut off, with half a character", func(t *testing.T) {
		s := start(t, Config{})
		content := append(wide(binary.LittleEndian, m1+"\xed", true), 'x')
		content = append(content[:len(content)-1], 0x3d, 0xd8, 'x')
		s.take("u.hl7", content, "failed", "u.hl7")
		s.wantContent("failed/u.hl7.why", []byte("the last byte is half of a UTF-16 character; the file was cut off\n"))
	})
}

func wide(order binary.AppendByteOrder, text string, bom bool) (b []byte) {
	if bom {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestOpenRefuses(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Config{
		"no receiver":             {Dir: t.TempDir()},
		"no folder":               {Receiver: &wiretest.Intake{}},
		"a folder that cannot be": {Dir: blocked, Receiver: &wiretest.Intake{}},
	} {
		if _, err := Open(t.Context(), c); handover.KindOf(err) != handover.Usage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Log lines have no file names: a name may be a patient's.
func TestErrorsWithoutNames(t *testing.T) {
	_, err := os.Open("/DOE^JANE.hl7")
	link := os.Rename("/DOE^JANE.hl7", "/x")
	for _, err := range []error{err, link, fmt.Errorf("reading: %w", err)} {
		if got := withoutName(err); strings.Contains(got.Error(), "JANE") || !errors.Is(got, os.ErrNotExist) {
			t.Errorf("%v", got)
		}
	}
}
