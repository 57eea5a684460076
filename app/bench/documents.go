package bench

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"handover/app"
	"handover/wire/mllp"
)

// The large documents: so many senders at once, each with one.
const (
	documentSenders = 64
	documentBytes   = 50_000_000
	smallSenders    = 4
)

// documents measures what many large documents at once do to memory and to the
// small messages beside them.
func documents(ctx context.Context, c Config, r *Report) error {
	return c.inFolder(func(dir string) error {
		return withEngine(ctx, dir, site(true), func(ctx context.Context, e *app.Engine) error {
			return c.documents(ctx, r, e)
		})
	})
}

func (c Config) documents(ctx context.Context, r *Report, e *app.Engine) error {
	part := fmt.Sprintf("%d senders of a 50 MB document each, at once", documentSenders)
	alone := make(chan struct{})
	time.AfterFunc(2*c.spell(), func() { close(alone) })
	var acknowledged atomic.Int64
	before, err := smallMessages(ctx, e, alone, 0, &acknowledged)
	if err != nil {
		return err
	}
	_, stop := peak(ctx)
	bar := c.bar(documentSenders*documentBytes, "large documents")
	defer bar.Finish()
	recorded := make(chan struct{})
	start := time.Now()
	var took, whole time.Duration
	var failed error
	go func() {
		defer close(recorded)
		failed = largeDocuments(ctx, e.Addr(wards), bar)
		took = time.Since(start)
		all := acknowledged.Load() + documentSenders
		for failed == nil && ctx.Err() == nil && e.Counts().Recorded < all {
			time.Sleep(5 * time.Millisecond)
		}
		whole = time.Since(start)
	}()
	during, err := smallMessages(ctx, e, recorded, 1<<20, &acknowledged)
	<-recorded
	if err := cmp.Or(err, failed); err != nil {
		stop()
		return err
	}
	r.atMost(300, part, "memory resident, the most, senders included", float64(stop())/1e6, "MB")
	r.add(part, "documents received and synced", documentSenders*documentBytes/1e6/took.Seconds(), "MB/s")
	r.add(part, "  and, as Binary, in the record", documentSenders*documentBytes/1e6/whole.Seconds(), "MB/s")
	r.add(part, "small messages' 99th percentile without them", percentile(before, 99).Seconds()*1e3, "ms")
	r.add(part, "  beside them", percentile(during, 99).Seconds()*1e3, "ms")
	r.atMost(5, part, "  ratio", float64(percentile(during, 99))/float64(percentile(before, 99)), "")
	r.add(part, "  small messages sent beside them", float64(len(during)), "")
	return nil
}

// percentile returns the smallest time that so many of a hundred do not exceed.
func percentile(times []time.Duration, n int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(len(times)*n/100, len(times)-1)]
}

// smallMessages sends small messages at an easy pace until told to end, and
// returns how long each took to be acknowledged.
func smallMessages(ctx context.Context, e *app.Engine, end <-chan struct{}, number int64, acknowledged *atomic.Int64) ([]time.Duration, error) {
	var next atomic.Int64
	next.Store(number)
	times, errs := make([][]time.Duration, smallSenders), make([]error, smallSenders)
	var group sync.WaitGroup
	for i := range smallSenders {
		group.Go(func() { times[i], errs[i] = smallSender(ctx, e.Addr(lab), end, &next, acknowledged) })
	}
	group.Wait()
	return slices.Concat(times...), cmp.Or(errs...)
}

func smallSender(ctx context.Context, address string, end <-chan struct{}, next, acknowledged *atomic.Int64) (times []time.Duration, err error) {
	client, err := mllp.Dial(ctx, mllp.ClientConfig{Address: address})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	for {
		select {
		case <-end:
			return times, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		data := messageAt(int(next.Add(1))).bytes
		start := time.Now()
		if err := send(ctx, client, data); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start))
		acknowledged.Add(1)
	}
}

// largeDocuments sends all documents at once.
func largeDocuments(ctx context.Context, address string, bar Bar) error {
	errs := make([]error, documentSenders)
	chunk := []byte(strings.Repeat("c3ludGhldGlj", 64<<10/12)) // "synthetic"
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { errs[i] = sendDocument(ctx, address, i, chunk, bar) })
	}
	group.Wait()
	return cmp.Or(errs...)
}

// sendDocument sends one document as it is made, so that the sender needs no
// memory for it.
func sendDocument(ctx context.Context, address string, i int, chunk []byte, bar Bar) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	p := newPen(i, i, i)
	p.header(wards, "MDM^T02^MDM_T02")
	p.line(`EVN|T02|%s`, p.stamp())
	p.identify()
	p.visit("I", "")
	p.line(`TXA|1|DS|TX|%s||||||||D%d^BENCH|||||AU`, p.stamp(), i)
	own := fmt.Sprintf("%012d", i) // 12 characters of base64, so that no two documents are the same
	head := "\x0b" + p.text.String() + "OBX|1|ED|DOC^Document^L||^application^pdf^Base64^" + own
	if _, err := io.WriteString(conn, head); err != nil {
		return err
	}
	for sent := 0; sent < documentBytes; sent += len(chunk) {
		if _, err := conn.Write(chunk); err != nil {
			return err
		}
		_ = bar.Add(len(chunk)) // draws only
	}
	if _, err := io.WriteString(conn, "||||||F\r\x1c\r"); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\x1c')
	if err == nil && !strings.Contains(answer, "\rMSA|AA|") {
		err = errRefused
	}
	return err
}
