package mllp

import (
	"context"
	"testing"
	"time"

	"handover/wire"
	"handover/wire/wiretest"
)

func TestDrainClosesIdleConnections(t *testing.T) {
	s := start(t, Config{Drain: time.Hour})
	c := s.dial()
	message := wiretest.Message("D1", "x")
	write(t, c, string(AppendFrame(nil, message)))
	wantAnswers(t, readAnswers(t, c, 1), message)
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	wantClosed(t, c)
}

// A frame that was being received when the end came is taken, if its sender
// ends it in time.
func TestDrainWaitsForAFrame(t *testing.T) {
	s := start(t, Config{Drain: 20 * time.Second})
	c := s.dial()
	message := wiretest.Message("D2", "x")
	frame := string(AppendFrame(nil, message))
	write(t, c, frame[:40])
	s.waitBytes(40)
	s.cancel()
	time.Sleep(20 * time.Millisecond)
	write(t, c, frame[40:])
	wantAnswers(t, readAnswers(t, c, 1), message)
	wantClosed(t, c)
}

func TestDrainGivesUpAFrame(t *testing.T) {
	s := start(t, Config{Drain: 50 * time.Millisecond})
	c := s.dial()
	write(t, c, "\vMSH|half")
	s.waitBytes(9)
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	s.wantFragments("unfinished MSH|half")
}

// What was sent ahead of the answer is not begun, and told of.
func TestDrainLeavesWhatWasSentAhead(t *testing.T) {
	intake := &wiretest.Intake{}
	s := start(t, Config{Receiver: intake})
	release := intake.Hold()
	c := s.dial()
	m1, m2 := wiretest.Message("D3", "x"), wiretest.Message("D4", "x")
	write(t, c, string(AppendFrame(AppendFrame(nil, m1), m2)))
	intake.WaitForArrival(t)
	s.cancel()
	time.AfterFunc(50*time.Millisecond, release)
	wantAnswers(t, readAnswers(t, c, 2), m1)
	s.wantFragments("unread " + string(AppendFrame(nil, m2)))
}

// A receiver that hangs is told to end when the time is up.
func TestDrainEndsAReceiverThatHangs(t *testing.T) {
	arrived := make(chan struct{})
	s := start(t, Config{Drain: 30 * time.Millisecond, Receiver: wire.ReceiverFunc(func(ctx context.Context, _ wire.Arrival) ([][]byte, error) {
		close(arrived)
		<-ctx.Done()
		return nil, ctx.Err()
	})})
	c := s.dial()
	write(t, c, "\vMSH|\x1c\r")
	<-arrived
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	wantClosed(t, c)
}

func (s *started) waitBytes(n int64) {
	s.t.Helper()
	for range 1000 {
		if s.server.Counts().BytesIn >= n {
			time.Sleep(10 * time.Millisecond) // the connection waits for more by then
			return
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatal("the bytes did not arrive")
}
