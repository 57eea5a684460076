//go:build unix

package mllp

import (
	"errors"
	"net"
	"syscall"
)

// closedByPeer reports, without waiting, that the other side has closed a
// connection that stood idle. Found out before the frame is written, that is a
// sure "not sent"; afterwards it would be "unknown".
func closedByPeer(c net.Conn) error {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	var n int
	var peekErr error
	err = raw.Control(func(fd uintptr) { // not Read, which waits for whoever reads
		var one [1]byte
		n, _, peekErr = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	switch {
	case err != nil:
		return err
	case n == 0 && peekErr == nil:
		return errors.New("the receiver closed the connection while it was idle")
	case peekErr != nil && !errors.Is(peekErr, syscall.EAGAIN) && !errors.Is(peekErr, syscall.EINTR):
		return peekErr
	default:
		return nil
	}
}
