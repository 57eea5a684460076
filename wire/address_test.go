package wire

import (
	"testing"

	"handover"
)

func TestCheckAddress(t *testing.T) {
	for _, c := range []struct {
		address       string
		remote, known bool
		ok            bool
	}{
		{"127.0.0.1:2575", false, false, true},
		{"127.9.9.9:0", false, false, true},
		{"[::1]:2575", false, false, true},
		{"localhost:2575", false, false, true},
		{":2575", false, false, false},
		{"0.0.0.0:2575", false, false, false},
		{"[::]:2575", false, true, false},
		{"192.0.2.1:2575", false, true, false},
		{"192.0.2.1:2575", true, false, false},
		{"192.0.2.1:2575", true, true, true},
		{":2575", true, true, true},
		{"127.0.0.1", true, true, false},
		{"127.0.0.1:port", true, true, false},
	} {
		a, err := CheckAddress(c.address, c.remote, c.known)
		if (err == nil) != c.ok || (a != nil) != c.ok {
			t.Errorf("%s, remote %v, known %v: %v, %v", c.address, c.remote, c.known, a, err)
		}
		if err != nil && handover.KindOf(err) != handover.Usage {
			t.Errorf("%s: kind %v", c.address, handover.KindOf(err))
		}
	}
}

func TestAllowList(t *testing.T) {
	list, err := ParseAllowList([]string{"10.1.0.0/16", "192.0.2.7", "2001:db8::/32", "10.9.9.9/24"})
	if err != nil {
		t.Fatal(err)
	}
	for remote, want := range map[string]bool{
		"10.1.255.1:1": true, "10.2.0.1:1": false, "192.0.2.7:99": true, "192.0.2.8:99": false,
		"[2001:db8:1::1]:5": true, "[2001:db9::1]:5": false, "[::ffff:10.1.0.1]:5": true, "10.9.9.1:1": true,
		"nonsense": false, "": false,
	} {
		if got := list.Allows(remote); got != want {
			t.Errorf("%q: %v", remote, got)
		}
	}
	if !(AllowList{}).Allows("203.0.113.1:1") {
		t.Error("an empty list allows nobody")
	}
	for _, bad := range []string{"", "10.1.0.0/40", "example.org", "10.1"} {
		if _, err := ParseAllowList([]string{"10.0.0.1", bad}); handover.KindOf(err) != handover.Usage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
