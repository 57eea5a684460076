//go:build !unix

package mllp

import "net"

// closedByPeer cannot be asked here without reading.
func closedByPeer(net.Conn) error { return nil }
