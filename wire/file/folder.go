package file

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Folder is a watched drop folder.
type Folder struct {
	config  Config
	started string // makes Arrival.Conn unique between runs
	serial  int64
	seen    map[string]*sighting
	counts  counters
}

// sighting is a file as it was last seen in the folder.
type sighting struct {
	size    int64
	changed time.Time
	since   time.Time // when it was first seen so
	after   time.Time // not to be tried before
	pause   time.Duration
}

// Counts is what a folder has done. They only grow.
type Counts struct {
	Done     int64 // files whose messages were all taken
	Failed   int64 // files with a message at least that was not
	Retries  int64 // tries that left a file where it is
	Messages int64 // given to the Receiver
	Refused  int64 // of these, not taken
	Spooled  int64 // of Messages, through a file
	BytesIn  int64 // of Messages
}

type counters struct{ done, failed, retries, messages, refused, spooled, bytesIn atomic.Int64 }

// Counts returns the counts of this moment.
func (f *Folder) Counts() Counts {
	c := &f.counts
	return Counts{Done: c.done.Load(), Failed: c.failed.Load(), Retries: c.retries.Load(), Messages: c.messages.Load(),
		Refused: c.refused.Load(), Spooled: c.spooled.Load(), BytesIn: c.bytesIn.Load()}
}

func newFolder(c Config) *Folder {
	return &Folder{config: c, seen: map[string]*sighting{}, started: strconv.FormatInt(c.Now().UnixMilli(), 36)}
}

// Run watches until ctx ends. Then it finishes the message in hand, leaves the
// file where it is if more are in it, and returns nil. Run is called once.
func (f *Folder) Run(ctx context.Context) error {
	work, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	var late sync.WaitGroup
	ended := make(chan struct{})
	late.Go(func() { f.drain(ctx, ended, abandon) })
	defer late.Wait()
	defer close(ended)

	poll := time.NewTicker(f.config.Poll)
	defer poll.Stop()
	for {
		f.round(ctx, work)
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
		}
	}
}

// drain gives up the message in hand when it takes too long after ctx's end.
func (f *Folder) drain(ctx context.Context, ended <-chan struct{}, abandon func()) {
	select {
	case <-ctx.Done():
	case <-ended:
		return
	}
	t := time.NewTimer(f.config.Drain)
	defer t.Stop()
	select {
	case <-ended:
	case <-t.C:
		abandon()
	}
}

// round takes every file that is whole, the oldest first.
func (f *Folder) round(ctx, work context.Context) {
	moved := false
	defer func() {
		if moved {
			f.syncFolders()
		}
	}()
	for _, name := range f.whole() {
		if ctx.Err() != nil {
			return
		}
		s := f.seen[name]
		err := f.take(ctx, work, name, s)
		if errors.Is(err, errStopped) {
			return
		}
		if err != nil {
			f.counts.retries.Add(1)
			s.pause = min(max(2*s.pause, firstPause), longestPause)
			s.after = f.config.Now().Add(s.pause)
			f.config.Log.Error("a file stays in the drop folder", "source", f.config.Source,
				"retry_in", s.pause, "error", withoutName(err))
			continue
		}
		delete(f.seen, name)
		moved = true
	}
}

// whole looks at the folder and returns the files to take now.
func (f *Folder) whole() []string {
	entries, err := os.ReadDir(f.config.Dir)
	if err != nil {
		f.config.Log.Error("cannot look into the drop folder", "source", f.config.Source, "error", err)
		return nil
	}
	now := f.config.Now()
	there := map[string]bool{}
	var ready []string
	for _, e := range entries {
		if !candidate(e) {
			continue
		}
		info, err := e.Info()
		if err != nil || info.Size() == 0 {
			continue // gone again, or not begun
		}
		there[e.Name()] = true
		if f.settled(e.Name(), info, now) {
			ready = append(ready, e.Name())
		}
	}
	for name := range f.seen {
		if !there[name] {
			delete(f.seen, name)
		}
	}
	slices.SortFunc(ready, func(a, b string) int {
		return cmp.Or(f.seen[a].changed.Compare(f.seen[b].changed), strings.Compare(a, b))
	})
	return ready
}

// settled reports whether the file has stayed the same for long enough, and
// may be tried.
func (f *Folder) settled(name string, info fs.FileInfo, now time.Time) bool {
	s := f.seen[name]
	if s == nil || s.size != info.Size() || !s.changed.Equal(info.ModTime()) {
		f.seen[name] = &sighting{size: info.Size(), changed: info.ModTime(), since: now}
		return false
	}
	return now.Sub(s.since) >= f.config.Settle && !now.Before(s.after)
}

// notTaken are the ends of names under which files are still being written, or
// are ours.
var notTaken = []string{".tmp", unsyncedSuffix, ".filepart", ".partial", answersSuffix, reasonsSuffix}

func candidate(e fs.DirEntry) bool {
	if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
		return false
	}
	lower := strings.ToLower(e.Name())
	return !slices.ContainsFunc(notTaken, func(suffix string) bool { return strings.HasSuffix(lower, suffix) })
}
