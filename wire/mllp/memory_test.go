package mllp

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"handover/internal/spool"
	"handover/wire"
	"handover/wire/wiretest"
)

// child is set to a folder in the process that is the server of
// TestMemoryUnderLargeMessages, so that its memory is nobody else's.
const child = "HANDOVER_TEST_MLLP_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(child); dir != "" {
		if err := serveChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveChild listens, says where, and stops when its standard input ends.
func serveChild(dir string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	folder, err := spool.Open(ctx, spool.Config{Dir: dir + "/spool"})
	if err != nil {
		return err
	}
	log, err := os.Create(dir + "/log")
	if err != nil {
		return err
	}
	s, err := Listen(ctx, Config{Address: "127.0.0.1:0", Receiver: &writer{log: log},
		Room: wire.Room{Spool: folder, Memory: wire.NewMemory(0)}})
	if err != nil {
		return err
	}
	fmt.Println(s.Addr())
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); cancel() }()
	return s.Run(ctx)
}

// writer writes small messages to one file and syncs it, as a journal does.
type writer struct {
	mu  sync.Mutex
	log *os.File
}

func (w *writer) Receive(_ context.Context, a wire.Arrival) ([][]byte, error) {
	if a.Body.File == "" {
		w.mu.Lock()
		defer w.mu.Unlock()
		if _, err := w.log.Write(a.Body.Bytes); err != nil {
			return nil, err
		}
		if err := w.log.Sync(); err != nil {
			return nil, err
		}
	}
	return [][]byte{fmt.Appendf(nil, "MSA|AA|%d\r", a.Size)}, a.Err
}

// TestMemoryUnderLargeMessages sends large documents from 64 senders at once
// and looks at the most memory that the server's process ever had. The long
// form (HANDOVER_LONG=1) sends 50 MB each.
func TestMemoryUnderLargeMessages(t *testing.T) {
	size, limit := 3<<20, int64(120<<20)
	if os.Getenv("HANDOVER_LONG") != "" {
		size, limit = 50<<20, 300<<20
	}
	process, address := startChild(t)
	alone := smallOnes(t, address, time.Second)

	message := wiretest.Message("DOC", string(bytes.Repeat([]byte("JVBERi0x"), size/8)))
	var senders sync.WaitGroup
	began := time.Now()
	for range 64 {
		senders.Go(func() {
			c, err := Dial(t.Context(), ClientConfig{Address: address, Answer: 10 * time.Minute, Write: 10 * time.Minute})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			answer, err := c.Send(t.Context(), message)
			if want := fmt.Sprintf("MSA|AA|%d\r", len(message)); err != nil || string(answer) != want {
				t.Errorf("answer %q, %v", answer, err)
			}
		})
	}
	ended := make(chan struct{})
	go func() { defer close(ended); senders.Wait() }()
	var beside []time.Duration
	for done := false; !done; {
		beside = append(beside, smallOnes(t, address, 100*time.Millisecond)...)
		select {
		case <-ended:
			done = true
		default:
		}
	}
	peak := peakMemory(t, process.Process.Pid)
	t.Logf("64 senders of %d MB: %v, at most %d MB resident; small messages' p99 %v alone, %v beside them",
		size>>20, time.Since(began).Round(time.Millisecond), peak>>20, p99(alone), p99(beside))
	if peak > limit && !racing {
		t.Errorf("%d MB were resident, want %d at most", peak>>20, limit>>20)
	}
}

func startChild(t *testing.T) (*exec.Cmd, string) {
	t.Helper()
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), child+"="+t.TempDir())
	process.Stderr = os.Stderr
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := process.Wait(); err != nil {
			t.Errorf("the server: %v", err)
		}
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return process, strings.TrimSpace(address)
}

// smallOnes sends small messages for a while and returns how long each took.
func smallOnes(t *testing.T, address string, during time.Duration) (took []time.Duration) {
	t.Helper()
	c, err := Dial(t.Context(), ClientConfig{Address: address})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	message := wiretest.Message("SMALL", strings.Repeat("x", 1000))
	for until := time.Now().Add(during); time.Now().Before(until); {
		began := time.Now()
		if _, err := c.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	return took
}

func p99(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)*99/100].Round(10 * time.Microsecond)
}

// peakMemory returns the most bytes that were ever resident.
func peakMemory(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("the peak of a process's memory is known on Linux only: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

// BenchmarkServer is frames a second, each sent when the one before was
// answered, by the number of connections. Nothing is kept.
func BenchmarkServer(b *testing.B) {
	message := wiretest.Message("BENCH", strings.Repeat("x", 1000))
	answer := wiretest.Answer(message, "AA")
	for _, conns := range []int{1, 8, 64} {
		b.Run(strconv.Itoa(conns), func(b *testing.B) {
			s, err := Listen(b.Context(), Config{Address: "127.0.0.1:0", Room: wire.Room{Memory: wire.NewMemory(0)},
				Receiver: wire.ReceiverFunc(func(context.Context, wire.Arrival) ([][]byte, error) { return wiretest.Only(answer), nil })})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- s.Run(ctx) }()
			b.SetBytes(int64(len(message)))
			var all sync.WaitGroup
			each := max(b.N/conns, 1)
			b.ResetTimer()
			for range conns {
				all.Go(func() { sendMany(b, s.Addr(), message, each) })
			}
			all.Wait()
			b.ReportMetric(float64(each*conns)/b.Elapsed().Seconds(), "frames/s")
			cancel()
			if err := <-ended; err != nil {
				b.Error(err)
			}
		})
	}
}

func sendMany(b *testing.B, to net.Addr, message []byte, count int) {
	c, err := Dial(b.Context(), ClientConfig{Address: to.String()})
	if err != nil {
		b.Error(err)
		return
	}
	defer c.Close()
	for range count {
		if _, err := c.Send(b.Context(), message); err != nil {
			b.Error(err)
			return
		}
	}
}
