package nats

import "time"

// Age makes the Sender take its connection for one on which nothing came for long.
func (s *Sender) Age() {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.link.heard = time.Time{}
}
