package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"handover/app"
	"handover/config"
	"handover/wire/mllp"
)

// delivery measures messages that go from one system to another: synced before the
// sender hears AA, sent on, and accepted by the receiver, with every fact kept.
func delivery(ctx context.Context, c Config, r *Report) error {
	bar := c.bar(3, "delivering")
	defer bar.Finish()
	for _, connections := range []int{1, 8, 64} {
		err := c.inFolder(func(dir string) error { return c.deliver(ctx, r, dir, connections) })
		if err != nil {
			return err
		}
		_ = bar.Add(1)
	}
	return nil
}

func (c Config) deliver(ctx context.Context, r *Report, dir string, connections int) error {
	to, err := newSink(ctx)
	if err != nil {
		return err
	}
	defer to.listener.Close()
	s := site(false)
	s.Destinations = []config.Destination{{
		Name: "ward", Send: &url.URL{Scheme: "mllp", Host: to.listener.Addr().String()}, Owner: "nobody", Connections: connections,
		Retry: config.Retry{First: time.Second, Most: time.Second},
	}}
	s.Routes = []config.Route{{Name: "ward", From: []string{clinic, lab, wards}, Key: "PID-3", To: []config.Target{{Destination: "ward"}}}}
	all, err := newScript(ctx, dir, 0, 2*c.most(), noBar{})
	if err != nil {
		return err
	}
	defer all.Close()
	return withEngine(ctx, dir, s, func(ctx context.Context, e *app.Engine) error {
		now, stop := peak(ctx)
		defer stop()
		before, start := busy(), time.Now()
		sent, err := c.relay(ctx, e, to, connections, all)
		if err != nil {
			return err
		}
		took, spent := time.Since(start), busy()-before
		part := "MLLP to MLLP, every fact kept"
		name := fmt.Sprintf("%d connections in, %d out", connections, connections)
		rate := float64(sent) / took.Seconds()
		if connections < 64 {
			r.add(part, name, rate, "messages/s")
			return nil
		}
		r.atLeast(4000, part, name, rate, "messages/s")
		r.atMost(0.25, part, "  processor time a message, sender and receiver included", spent.Seconds()*1000/float64(sent), "ms")
		r.atMost(200, part, "  memory resident at the end, sender and receiver included", float64(now())/1e6, "MB")
		return nil
	})
}

// relay sends until the spell is over, and waits until all is delivered. What is on
// its way at a time is bounded, so that the whole way is measured and not the doors.
func (c Config) relay(ctx context.Context, e *app.Engine, to *sink, connections int, all *script) (sent int64, err error) {
	var taken atomic.Int64
	_, err = c.rate(ctx, connections, all, func(ctx context.Context) (func(data []byte) error, error) {
		client, err := mllp.Dial(ctx, mllp.ClientConfig{Address: e.Addr(lab)})
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = client.Close() })
		return func(data []byte) error {
			for taken.Load()-to.taken.Load() > ahead && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			taken.Add(1)
			return send(ctx, client, data)
		}, nil
	})
	for err == nil && to.taken.Load() < taken.Load() {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		time.Sleep(time.Millisecond)
	}
	return to.taken.Load(), err
}

// sink is a receiver that accepts everything.
type sink struct {
	listener net.Listener
	taken    atomic.Int64
}

func newSink(ctx context.Context) (*sink, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // it was closed
			}
			go func() {
				defer conn.Close()
				_ = s.serve(conn) // ends when the engine hangs up
			}()
		}
	}()
	return s, nil
}

var errNoMessage = errors.New("what came is no message")

func (s *sink) serve(conn io.ReadWriter) error {
	var decoder mllp.Decoder
	var message, out []byte
	buffer := make([]byte, 16<<10)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return err
		}
		for rest := buffer[:n]; len(rest) > 0; {
			token, used := decoder.Next(rest)
			rest = rest[used:]
			switch token.Kind {
			case mllp.Begin:
				message = message[:0]
			case mllp.Content:
				message = append(message, token.Data...)
			case mllp.End:
				fields := bytes.SplitN(message, []byte("|"), 11)
				if len(fields) < 11 {
					return errNoMessage
				}
				s.taken.Add(1)
				out = mllp.AppendFrame(out[:0], fmt.Appendf(nil, "MSH|^~\\&|WARD|W|H|O|20260302||ACK|%s|P|2.5.1\rMSA|AA|%s\r", fields[9], fields[9]))
				if _, err := conn.Write(out); err != nil {
					return err
				}
			}
		}
	}
}
