package mllp

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"handover/internal/corpus"
	"handover/wire"
	"handover/wire/wiretest"
)

// Every real message goes over a connection and arrives as the bytes it was.
func TestRealMessages(t *testing.T) {
	var mu sync.Mutex
	kept := map[string][][]byte{} // by connection
	s := start(t, Config{Room: wire.Room{InMemory: 8 << 20}, Receiver: wire.ReceiverFunc(func(_ context.Context, a wire.Arrival) ([][]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		kept[a.Remote] = append(kept[a.Remote], a.Body.Bytes)
		return wiretest.Only(wiretest.Answer([]byte("MSH"), "AA")), a.Err
	})})
	c := dial(t, ClientConfig{Address: s.server.Addr().String()})
	var sent [][]byte
	corpus.Each(t, func(m corpus.Message) {
		if _, err := c.Send(t.Context(), m.Bytes); err != nil {
			t.Fatalf("%s: %v", m.Path, err)
		}
		sent = append(sent, m.Bytes)
	})
	got := kept[c.raw.LocalAddr().String()]
	if len(got) != len(sent) {
		t.Fatalf("%d messages arrived of %d", len(got), len(sent))
	}
	for i := range sent {
		if !bytes.Equal(got[i], sent[i]) {
			t.Errorf("message %d arrived as other bytes", i)
		}
	}
	t.Logf("%d messages arrived byte for byte", len(sent))
	if n := s.server.Counts(); n.Fragments != 0 || n.Padding != 0 {
		t.Errorf("counts %+v", n)
	}
}
