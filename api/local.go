package api

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"handover"
)

// Local gives everybody on this machine all rights, and refuses everybody else.
// It is what Config.Access may be until there is sign-in. A Host that is not
// this machine's own name is refused too, because a web page elsewhere can make
// a browser on this machine ask for it (DNS rebinding).
func Local(r *http.Request) (handover.Access, error) {
	if !loopbackHost(r.RemoteAddr) || !loopbackHost(r.Host) {
		return handover.Access{}, &handover.Error{Op: "reading over HTTP", Kind: handover.Denied,
			Err: errors.New("only this machine may ask, by http://127.0.0.1 or http://localhost")}
	}
	return handover.Everything(handover.Actor{ID: "local", Name: "Somebody on this machine"}), nil
}

// loopbackHost reports whether "host" or "host:port" is this machine.
func loopbackHost(s string) bool {
	host, _, err := net.SplitHostPort(s)
	if err != nil {
		host = strings.Trim(s, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
