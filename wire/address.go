package wire

import (
	"fmt"
	"net"
	"net/netip"

	"handover"
)

// AllowList is the networks that may connect. An empty one allows everybody.
type AllowList []netip.Prefix

// ParseAllowList reads networks ("10.1.0.0/16") and addresses ("10.1.0.7").
// It reports the first that is neither.
func ParseAllowList(items []string) (AllowList, error) {
	var list AllowList
	for i, item := range items {
		p, err := netip.ParsePrefix(item)
		if a, addrErr := netip.ParseAddr(item); err != nil && addrErr == nil {
			p, err = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
		}
		if err != nil {
			return nil, &handover.Error{Op: "reading the allow-list", Kind: handover.Usage,
				Err: fmt.Errorf("entry %d is neither an address nor a network like 10.1.0.0/16", i+1)}
		}
		list = append(list, p.Masked())
	}
	return list, nil
}

// Allows reports whether a connection from the remote address may be served.
func (l AllowList) Allows(remote string) bool {
	if len(l) == 0 {
		return true
	}
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	a := ap.Addr().Unmap().WithZone("")
	for _, p := range l {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// CheckAddress resolves the address to listen on and refuses it where anybody
// on a network could reach it without saying who he is. A loopback address is
// always good. Any other, "" and ":2575" included, needs both remote, which a
// person sets, and known: senders are known by client certificates or by an
// allow-list.
func CheckAddress(address string, remote, known bool) (*net.TCPAddr, error) {
	fail := func(text string) error {
		return &handover.Error{Op: "listening on " + address, Kind: handover.Usage, Err: fmt.Errorf("%s", text)}
	}
	a, err := net.ResolveTCPAddr("tcp", address)
	switch {
	case err != nil:
		return nil, &handover.Error{Op: "listening on " + address, Kind: handover.Usage, Err: err}
	case a.IP != nil && a.IP.IsLoopback():
		return a, nil
	case !remote:
		return nil, fail("other machines could connect; use 127.0.0.1, or allow remote senders")
	case !known:
		return nil, fail("remote senders are allowed and nothing says which; name their networks, or ask for client certificates")
	default:
		return a, nil
	}
}
